// SPDX-License-Identifier: Apache-2.0
// What somebody chose for their browser (theme, clock), and the one clock that all relative times follow.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

export type Theme = 'system' | 'light' | 'dark';

interface Settings {
  theme: Theme;
  setTheme: (theme: Theme) => void;
  utc: boolean;
  setUtc: (utc: boolean) => void;
  exact: boolean; // Absolute times instead of relative ones.
  setExact: (exact: boolean) => void;
}

const Context = createContext<Settings | null>(null);
const Now = createContext(0);

function stored(key: string): string {
  try {
    return localStorage.getItem(`fettle.${key}`) ?? '';
  } catch {
    return '';
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(`fettle.${key}`, value);
  } catch {
    // Not kept then.
  }
}

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [theme, setThemeState] = useState<Theme>(() => {
    const kept = stored('theme');
    return kept === 'dark' || kept === 'light' ? kept : 'system';
  });
  const [utc, setUtc] = useState(() => stored('utc') === '1');
  const [exact, setExact] = useState(() => stored('exact') === '1');
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  const settings = useMemo<Settings>(
    () => ({
      theme,
      utc,
      exact,
      setTheme: next => {
        store('theme', next);
        if (next === 'system') delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = next;
        setThemeState(next);
      },
      setUtc: next => {
        store('utc', next ? '1' : '');
        setUtc(next);
      },
      setExact: next => {
        store('exact', next ? '1' : '');
        setExact(next);
      },
    }),
    [theme, utc, exact],
  );
  return (
    <Context.Provider value={settings}>
      <Now.Provider value={now}>{children}</Now.Provider>
    </Context.Provider>
  );
}

export function useSettings(): Settings {
  const settings = useContext(Context);
  if (!settings) throw new Error('outside of SettingsProvider');
  return settings;
}

// Milliseconds since 1970, a few seconds old at most.
export const useNow = (): number => useContext(Now);
