// SPDX-License-Identifier: Apache-2.0
// What differs from the policy, now and over time. The same difference on many hosts is one row.
import { useMemo, useState } from 'react';
import { ApiError } from '../api/client';
import { useDrift, useDriftCounts } from '../api/queries';
import type { DriftRecord } from '../api/types';
import { groupDrift, outcomeText, type DriftGroup } from '../lib/drift';
import { parseSpan, pieces, toMicros, toMs } from '../lib/time';
import {
  Answer,
  Badge,
  Choice,
  Empty,
  HostLink,
  OutcomeBadge,
  Page,
  RevisionLink,
  Time,
  Who,
} from '../ui/bits';
import { AtBar, useAt } from '../ui/at';
import { DriftBars } from '../ui/chart';
import { Differences } from '../ui/diff';
import { FilterBar } from '../ui/filter';
import { useParam } from '../ui/place';
import { useNow, useSettings } from '../ui/settings';

export const spanOptions = [
  ['now', 'Now'],
  ['1h', '1 hour'],
  ['1d', '1 day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const;

const most = 1000;

export default function DriftPage() {
  const [filter] = useParam('filter');
  const [span, setSpan] = useParam('since', 'now');
  const at = useAt();
  const query = useDrift(filter, parseSpan(span), most, at);
  return (
    <Page title="Drift" aside={<FilterBar what="hosts" />}>
      <div className="tools">
        {at === 0 && <Choice label="Which time" value={span} onChange={setSpan} options={spanOptions} />}
        <AtBar />
      </div>
      {at === 0 && parseSpan(span) > 0 && <OverTime filter={filter} span={span} />}
      <Answer query={query} what="the drift">
        {records => <Drift records={records} span={at > 0 ? 'now' : span} filtered={filter !== ''} />}
      </Answer>
    </Page>
  );
}

// Counted by the server: of a large fleet the list below has only the newest.
function OverTime({ filter, span }: { filter: string; span: string }) {
  const { utc } = useSettings();
  const now = useNow();
  const moments = useMemo(() => pieces(now, span, utc), [now, span, utc]);
  const query = useDriftCounts(filter, moments);
  if (query.error instanceof ApiError && query.error.code === 'invalid_argument') return null; // The list says why.
  return (
    <Answer query={query} what="how many there were">
      {({ counts = [], wholeSinceUs }) => (
        <>
          <DriftBars counts={counts} now={now} />
          {toMs(wholeSinceUs) > 0 && (
            <p className="notice is-drifted">
              There are more than can be counted: what was seen before <Time us={wholeSinceUs} /> is left out.
              Narrow it with a filter.
            </p>
          )}
        </>
      )}
    </Answer>
  );
}

function Drift({
  records,
  span,
  filtered,
}: {
  records: readonly DriftRecord[];
  span: string;
  filtered: boolean;
}) {
  const groups = useMemo(() => groupDrift(records), [records]);
  const hosts = useMemo(() => new Set(records.map(one => one.host)).size, [records]);
  if (records.length === 0) {
    return (
      <Empty title={span === 'now' ? 'Nothing drifts' : 'Nothing drifted in this time'}>
        {filtered
          ? 'Of the hosts that fit the filter, all are as declared.'
          : 'Every host is as its policy says.'}
      </Empty>
    );
  }
  return (
    <>
      <p className="summary">
        {groups.length} {groups.length === 1 ? 'difference' : 'differences'} on {hosts}{' '}
        {hosts === 1 ? 'host' : 'hosts'}
        {records.length >= most && (
          <span className="dim"> (the newest {most} records; narrow it with a filter)</span>
        )}
      </p>
      <ul className="groups">
        {groups.map(group => (
          <Group key={group.key} group={group} />
        ))}
      </ul>
    </>
  );
}

function Group({ group }: { group: DriftGroup }) {
  const [open, setOpen] = useState(false);
  const attributes = (group.first.differences ?? []).map(one => one.attribute).join(', ');
  return (
    <li className="group">
      <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
        <summary>
          <span className="group-count">
            <b>{group.hosts.length}</b> {group.hosts.length === 1 ? 'host' : 'hosts'}
          </span>
          <span className="group-id">
            <code>{group.id}</code>
            {attributes && <span className="dim"> {attributes}</span>}
          </span>
          <span className="group-state">
            {[...group.outcomes.entries()].map(([outcome, count]) => (
              <Badge key={outcome} kind={outcomeText[outcome]}>
                {outcomeText[outcome]}
                {group.records.length > 1 && ` ${count}`}
              </Badge>
            ))}
          </span>
          <span className="group-who">
            {group.actors.length === 0 && <span className="dim">by whom is not known</span>}
            {group.actors.length > 0 && group.actors[0]}
            {group.actors.length > 1 && <span className="dim"> and {group.actors.length - 1} more</span>}
          </span>
          <span className="group-time">
            <Time us={toMicros(group.newest)} />
          </span>
        </summary>
        {open && <GroupDetail group={group} />}
      </details>
    </li>
  );
}

const shownRecords = 100;

function GroupDetail({ group }: { group: DriftGroup }) {
  const [all, setAll] = useState(false);
  const records = all ? group.records : group.records.slice(0, shownRecords);
  return (
    <div className="group-detail">
      <Differences list={group.first.differences} />
      {group.first.error && <pre className="error-text">{group.first.error}</pre>}
      <DriftRecords records={records} />
      {records.length < group.records.length && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {group.records.length}
        </button>
      )}
    </div>
  );
}

interface RecordsProps {
  records: readonly DriftRecord[];
  host?: boolean; // Each begins with its host; otherwise with its resource.
  details?: boolean; // Each with its own differences.
}

export function DriftRecords({ records, host = true, details = false }: RecordsProps) {
  return (
    <ul className="records">
      {records.map((one, at) => (
        <li key={`${one.host} ${one.seenUs} ${at}`}>
          <div className="record-line">
            {host ? <HostLink name={one.host ?? ''} tab="drift" /> : <code className="name">{one.id}</code>}
            <OutcomeBadge outcome={one.outcome} />
            <span>
              <Time us={one.seenUs} />
              {toMs(one.endedUs) > 0 && one.outcome !== 'DRIFT_OPEN' && (
                <span className="dim">
                  , over <Time us={one.endedUs} />
                </span>
              )}
            </span>
            <Who actor={one.actor} full />
            <span className="dim">
              <RevisionLink name={one.revision} /> {one.position}
              {one.contended && ` · ${one.contended}`}
            </span>
          </div>
          {details && <Differences list={one.differences} />}
          {details && one.error && <pre className="error-text">{one.error}</pre>}
        </li>
      ))}
    </ul>
  );
}
