// SPDX-License-Identifier: Apache-2.0
// One host: what it is, how each of its resources is, what happened to it.
import { useMemo } from 'react';
import { useDrift, useHost, useRuns } from '../api/queries';
import type { Host, HostDetail } from '../api/types';
import { equals } from '../lib/filter';
import { healthOf } from '../lib/health';
import { href } from '../lib/route';
import { parseSpan, toMs } from '../lib/time';
import { Answer, Choice, Counts, Empty, HealthBadge, Page, Pairs, RevisionLink, Time } from '../ui/bits';
import { AtBar, useAt } from '../ui/at';
import { useParam, useRouter } from '../ui/place';
import { useNow } from '../ui/settings';
import { DriftRecords, spanOptions } from './drift';
import { Facts } from './facts';
import { Packages } from './packages';
import { Resources } from './resources';
import { RunTable } from './runs';
import { Timeline } from './timeline';

const tabs = [
  ['resources', 'Resources'],
  ['timeline', 'Timeline'],
  ['drift', 'Drift'],
  ['runs', 'Runs'],
  ['packages', 'Packages'],
  ['facts', 'Facts'],
] as const;

export default function HostPage({ name, tab }: { name: string; tab: string }) {
  const { place } = useRouter();
  const at = useAt();
  const query = useHost(name, at);
  return (
    <Page title={name}>
      <div className="tools">
        <AtBar />
      </div>
      <Answer query={query} what={name}>
        {detail => (
          <>
            <Head host={detail.host ?? {}} />
            <nav className="tabs" aria-label={`About ${name}`}>
              {tabs.map(([key, title]) => (
                <a
                  key={key}
                  href={href(key === 'resources' ? ['hosts', name] : ['hosts', name, key], {
                    at: place.params.at ?? '',
                  })}
                  aria-current={tab === key ? 'page' : undefined}
                >
                  {title}
                  {key === 'resources' && <span className="dim"> {(detail.resources ?? []).length}</span>}
                </a>
              ))}
            </nav>
            <Tab name={name} tab={tab} detail={detail} />
          </>
        )}
      </Answer>
    </Page>
  );
}

function Tab({ name, tab, detail }: { name: string; tab: string; detail: HostDetail }) {
  if (tab === 'timeline') return <Timeline name={name} />;
  if (tab === 'drift') return <HostDrift name={name} />;
  if (tab === 'runs') return <HostRuns name={name} />;
  if (tab === 'packages') return <Packages name={name} />;
  if (tab === 'facts') return <Facts json={detail.factsJson ?? ''} />;
  return <Resources resources={detail.resources ?? []} />;
}

const presence: Record<string, string> = {
  PRESENCE_CONNECTED: 'connected',
  PRESENCE_SILENT: 'silent',
  PRESENCE_NEVER_SEEN: 'never seen',
  PRESENCE_REVOKED: 'revoked',
};

function Head({ host }: { host: Host }) {
  const now = useNow();
  const paused = toMs(host.pausedUntilUs) > now;
  const behind = host.assignedRevision && host.assignedRevision !== host.revision;
  return (
    <section className="host-head" aria-label="Summary">
      <div className="host-line">
        <HealthBadge health={healthOf(host, now)} />
        <Counts counts={host.counts} />
        <span className="labels">
          {Object.entries(host.labels ?? {}).map(([key, value]) => (
            <a key={key} href={href(['fleet'], { filter: equals(`labels.${key}`, value) })}>
              {key}={value}
            </a>
          ))}
        </span>
      </div>
      {host.refusal && (
        <p className="notice is-failed">
          Refuses {host.assignedRevision}: {host.refusal}
        </p>
      )}
      {host.lastRunError && <p className="notice is-failed">The last run broke off: {host.lastRunError}</p>}
      {paused && (
        <p className="notice">
          Looks and reports only, until <Time us={host.pausedUntilUs} />
          {host.pauseReason && `: ${host.pauseReason}`}
        </p>
      )}
      <Pairs
        pairs={[
          [
            'Heard of',
            <span key="s">
              <Time us={host.lastSeenUs} />, {presence[host.presence ?? ''] ?? 'not known'}
            </span>,
          ],
          [
            'Revision',
            <span key="r">
              <RevisionLink name={host.revision} />
              {behind && (
                <>
                  , should be <RevisionLink name={host.assignedRevision} />
                </>
              )}
            </span>,
          ],
          ['Channel', host.channel],
          ['Last run', <Time key="l" us={host.lastRunUs} />],
          ['System', host.os || 'not known'],
          ['Address', host.address || 'not known'],
          ['Agent', host.agentVersion || 'not known'],
          ['Certificate ends', <Time key="c" us={host.certificateExpiresUs} none="not known" />],
        ]}
      />
    </section>
  );
}

function HostDrift({ name }: { name: string }) {
  const [span, setSpan] = useParam('since', '30d');
  const query = useDrift(equals('name', name), parseSpan(span));
  return (
    <>
      <div className="tools">
        <Choice label="Which time" value={span} onChange={setSpan} options={spanOptions} />
      </div>
      <Answer query={query} what="its drift">
        {records => {
          const mine = records.filter(one => one.host === name);
          if (mine.length === 0) return <Empty title="Nothing drifted in this time" />;
          return <DriftRecords records={mine} host={false} details />;
        }}
      </Answer>
    </>
  );
}

function HostRuns({ name }: { name: string }) {
  const query = useRuns(equals('name', name), 90 * 86_400_000);
  const mine = useMemo(() => (query.data ?? []).filter(run => run.host === name), [query.data, name]);
  return (
    <Answer query={query} what="its runs">
      {() =>
        mine.length === 0 ? <Empty title="No run did anything in 90 days" /> : <RunTable runs={mine} />
      }
    </Answer>
  );
}
