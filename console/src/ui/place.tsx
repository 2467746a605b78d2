// SPDX-License-Identifier: Apache-2.0
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { parsePlace, withParams, type Place } from '../lib/route';

interface Router {
  place: Place;
  // Changes parameters of this place, without a step in the browser's history.
  set: (changes: Readonly<Record<string, string>>) => void;
}

const Context = createContext<Router>({ place: parsePlace(''), set: () => {} });

export function PlaceProvider({ children }: { children: ReactNode }) {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const update = () => setHash(location.hash);
    addEventListener('hashchange', update);
    return () => removeEventListener('hashchange', update);
  }, []);
  const router = useMemo<Router>(
    () => ({
      place: parsePlace(hash),
      set: changes => {
        const to = withParams(parsePlace(location.hash), changes);
        history.replaceState(null, '', to);
        setHash(to);
      },
    }),
    [hash],
  );
  return <Context.Provider value={router}>{children}</Context.Provider>;
}

export const useRouter = (): Router => useContext(Context);

// One parameter of the address and how to change it.
export function useParam(name: string, fallback = ''): [string, (value: string) => void] {
  const { place, set } = useRouter();
  return [place.params[name] ?? fallback, value => set({ [name]: value === fallback ? '' : value })];
}
