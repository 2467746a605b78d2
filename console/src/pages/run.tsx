// SPDX-License-Identifier: Apache-2.0
// One run: what it counted, and what it did as far as the server keeps it (drift records and spans name their run).
import { useMemo } from 'react';
import { useDrift, useHistory, useRuns } from '../api/queries';
import { equals } from '../lib/filter';
import { href } from '../lib/route';
import { duration } from '../lib/time';
import {
  Answer,
  Counts,
  Empty,
  HostLink,
  Page,
  Pairs,
  RevisionLink,
  StateBadge,
  Time,
  Who,
} from '../ui/bits';
import { Differences } from '../ui/diff';
import { RunWord } from './runs';

const month = 30 * 86_400_000;

export default function RunPage({ host, id }: { host: string; id: string }) {
  const runs = useRuns(equals('name', host), month);
  return (
    <Page title={`Run on ${host}`}>
      <Answer query={runs} what="the run">
        {list => {
          const run = list.find(one => one.id === id && one.host === host);
          if (!run) return <Empty title="This run is not among the last of its host" />;
          return (
            <>
              <Pairs
                pairs={[
                  ['Result', <RunWord key="r" run={run} />],
                  ['Host', <HostLink key="h" name={host} />],
                  ['Began', <Time key="b" us={run.startedUs} />],
                  ['Took', duration(Number(run.durationUs ?? 0) / 1000)],
                  ['Revision', <RevisionLink key="v" name={run.revision} />],
                  ['Why', run.reason || 'not said'],
                  ['Mode', run.enforce ? 'put right' : 'look only'],
                  ['Reach', run.partial ? 'a part of the resources' : 'all resources'],
                  ['Resources', <Counts key="c" counts={run.counts} />],
                ]}
              />
              {run.error && <pre className="error-text">{run.error}</pre>}
            </>
          );
        }}
      </Answer>
      <Done host={host} id={id} />
    </Page>
  );
}

function Done({ host, id }: { host: string; id: string }) {
  const drift = useDrift(equals('name', host), month);
  const history = useHistory(host, month);
  const done = useMemo(() => {
    const found = (drift.data ?? [])
      .filter(one => one.run === id && one.host === host)
      .map(one => ({
        id: one.id ?? '',
        state: one.outcome === 'DRIFT_CORRECTED' ? ('STATE_CHANGED' as const) : ('STATE_DRIFTED' as const),
        differences: one.differences ?? [],
        error: one.error ?? '',
        actor: one.actor,
      }));
    const seen = new Set(found.map(one => one.id));
    for (const span of history.data ?? []) {
      const state = span.state;
      if (state?.run !== id || seen.has(state.id ?? '')) continue;
      seen.add(state.id ?? '');
      found.push({
        id: state.id ?? '',
        state: (state.state ?? 'STATE_UNKNOWN') as 'STATE_CHANGED',
        differences: state.differences ?? [],
        error: state.error ?? '',
        actor: state.actor,
      });
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }, [drift.data, history.data, host, id]);
  if (drift.isPending || history.isPending) return null;
  return (
    <section>
      <h2>What it found and did</h2>
      {done.length === 0 && <Empty title="Nothing is kept of it resource by resource" />}
      <ul className="groups">
        {done.map(one => (
          <li key={one.id} className="group">
            <div className="plain-head">
              <a href={`${href(['hosts', host])}?r=${encodeURIComponent(one.id)}`}>
                <code>{one.id}</code>
              </a>
              <StateBadge state={one.state} />
              {one.actor && <Who actor={one.actor} full />}
            </div>
            <div className="group-detail">
              <Differences list={one.differences} />
              {one.error && <pre className="error-text">{one.error}</pre>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
