// SPDX-License-Identifier: Apache-2.0
// Who is logged in, the frame around every page, and which page is shown.
import { useQueryClient } from '@tanstack/react-query';
import { Component, lazy, Suspense, useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { api, whenLoggedOut, type Session } from './api/client';
import { listen, type LiveState } from './api/live';
import { href } from './lib/route';
import { zoneName } from './lib/time';
import { FleetPage } from './pages/fleet';
import { LoginPage } from './pages/login';
import { Choice, Empty, Loading, Page, Problem } from './ui/bits';
import { useRouter } from './ui/place';
import { useSettings, type Theme } from './ui/settings';

const HostPage = lazy(() => import('./pages/host'));
const DriftPage = lazy(() => import('./pages/drift'));
const RunsPage = lazy(() => import('./pages/runs'));
const RunPage = lazy(() => import('./pages/run'));
const RevisionsPage = lazy(() => import('./pages/revisions'));
const RevisionPage = lazy(() => import('./pages/revision'));
const CompliancePage = lazy(() => import('./pages/compliance'));
const ControlPage = lazy(() => import('./pages/control'));
const EvidencePage = lazy(() => import('./pages/evidence'));

const menu = [
  ['fleet', 'Fleet'],
  ['drift', 'Drift'],
  ['runs', 'Runs'],
  ['revisions', 'Revisions'],
  ['compliance', 'Compliance'],
  ['evidence', 'Evidence'],
] as const;

export function App() {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [error, setError] = useState<unknown>(null);
  const client = useQueryClient();
  const look = useCallback(() => {
    setError(null);
    api.session().then(setSession, setError);
  }, []);
  useEffect(look, [look]);
  useEffect(
    () =>
      whenLoggedOut(() => {
        client.clear();
        setSession(null);
      }),
    [client],
  );
  if (error) return <Problem error={error} retry={look} />;
  if (session === undefined) return null;
  if (session === null) return <LoginPage onDone={look} />;
  return <Frame session={session} />;
}

const liveText: Record<LiveState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  away: 'Reconnecting',
};

const mayText: Record<string, string> = {
  admin: 'may change things, with the command line',
  viewer: 'may look and change nothing',
  auditor: 'may look; every question is written into the evidence log',
};

function Frame({ session }: { session: Session }) {
  const client = useQueryClient();
  const { place } = useRouter();
  const { theme, setTheme } = useSettings();
  const [live, setLive] = useState<LiveState>('connecting');
  useEffect(() => listen(client, setLive), [client]);
  const main = useRef<HTMLElement>(null);
  const at = place.path.join('/');
  const before = useRef(at);
  useEffect(() => {
    if (before.current === at) return;
    // Another tab of the same host is the same place for those who cannot see it.
    const same = before.current.split('/').slice(0, 2).join('/') === at.split('/').slice(0, 2).join('/');
    before.current = at;
    if (same) return;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [at]);
  const section = place.path[0] === 'hosts' ? 'fleet' : place.path[0];
  const logOut = () => void api.logOut().finally(() => location.reload());
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={event => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header className="top">
        <a className="brand" href={href(['fleet'])}>
          <img src="/mark.svg" alt="" width="24" height="24" />
          Fettle
        </a>
        <nav aria-label="Pages">
          {menu.map(([path, title]) => (
            <a key={path} href={href([path])} aria-current={section === path ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <span className={`live is-${live}`} role="status">
          {liveText[live]}
        </span>
        <details className="menu">
          <summary>{session.user}</summary>
          <div className="menu-box">
            <p>
              {session.user},{' '}
              <span className="dim">
                {session.role}: {mayText[session.role] ?? 'may look'}
              </span>
            </p>
            <Choice<Theme>
              label="Theme"
              value={theme}
              onChange={setTheme}
              options={[
                ['system', 'System'],
                ['light', 'Light'],
                ['dark', 'Dark'],
              ]}
            />
            <button type="button" onClick={logOut}>
              Log out
            </button>
          </div>
        </details>
      </header>
      <main ref={main} id="main" tabIndex={-1}>
        {session.filter && (
          <p className="notice bounds">
            You see the hosts that fit <code>{session.filter}</code>. Others are not listed and not counted.
          </p>
        )}
        <Guard key={at}>
          <Suspense fallback={<Loading what="the page" />}>{page(place.path)}</Suspense>
        </Guard>
      </main>
      <Foot />
    </>
  );
}

function page(path: readonly string[]): ReactNode {
  const [section, name, third] = path;
  if (section === 'fleet' && !name) return <FleetPage />;
  if (section === 'hosts' && name) return <HostPage key={name} name={name} tab={third ?? 'resources'} />;
  if (section === 'drift' && !name) return <DriftPage />;
  if (section === 'runs' && !name) return <RunsPage />;
  if (section === 'runs' && name && third) return <RunPage host={name} id={third} />;
  if (section === 'revisions') return name ? <RevisionPage key={name} name={name} /> : <RevisionsPage />;
  if (section === 'compliance') return name ? <ControlPage key={name} id={name} /> : <CompliancePage />;
  if (section === 'evidence' && !name) return <EvidencePage />;
  return (
    <Page title="Nothing here">
      <Empty title="There is no such page">
        <a href={href(['fleet'])}>To the fleet</a>
      </Empty>
    </Page>
  );
}

function Foot() {
  const { utc, setUtc, exact, setExact } = useSettings();
  return (
    <footer className="foot">
      <p>
        Times are {zoneName(utc) === 'UTC' ? 'in UTC' : `in ${zoneName(false)}, your browser's zone`}. Point
        at one for the other form.
      </p>
      <Choice
        label="Time zone"
        value={utc ? 'utc' : 'local'}
        onChange={value => setUtc(value === 'utc')}
        options={[
          ['local', 'Local'],
          ['utc', 'UTC'],
        ]}
      />
      <Choice
        label="Form of times"
        value={exact ? 'exact' : 'relative'}
        onChange={value => setExact(value === 'exact')}
        options={[
          ['relative', 'Ago'],
          ['exact', 'Date and time'],
        ]}
      />
    </footer>
  );
}

// A fault of the console itself takes down one page, not the frame.
class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error) {
      return <Problem error={this.state.error} retry={() => this.setState({ error: null })} />;
    }
    return this.props.children;
  }
}
