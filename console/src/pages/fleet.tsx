// SPDX-License-Identifier: Apache-2.0
// The fleet at a glance: what is wrong first, then every host as a tile or as a row.
import { useMemo } from 'react';
import type { Host } from '../api/types';
import { useHosts } from '../api/queries';
import {
  countHealth,
  groupHosts,
  groupings,
  healthMeans,
  healths,
  healthText,
  rowsOf,
  sortHosts,
  type Health,
  type HostRow,
} from '../lib/health';
import { AtBar, useAt } from '../ui/at';
import { Answer, Choice, Empty, glyph, HealthBadge, HostLink, Page, RevisionLink, Time } from '../ui/bits';
import { Shares } from '../ui/chart';
import { FilterBar } from '../ui/filter';
import { useParam } from '../ui/place';
import { useNow } from '../ui/settings';
import { Table, type TableColumn } from '../ui/table';
import { Tiles } from './tiles';

export function FleetPage() {
  const [filter] = useParam('filter');
  const at = useAt();
  const query = useHosts(filter, true, at);
  return (
    <Page title="Fleet" aside={<FilterBar what="hosts" />}>
      <div className="tools">
        <AtBar />
      </div>
      <Answer query={query} what="the hosts">
        {hosts => <Fleet hosts={hosts} filtered={filter !== ''} />}
      </Answer>
    </Page>
  );
}

function Fleet({ hosts, filtered }: { hosts: readonly Host[]; filtered: boolean }) {
  const now = useNow();
  const [view, setView] = useParam('view', 'tiles');
  const [by, setBy] = useParam('group', 'channel');
  const [only, setOnly] = useParam('health');
  const [sort, setSort] = useParam('sort', 'health');
  const rows = useMemo(() => rowsOf(hosts, now), [hosts, now]);
  const counts = useMemo(() => countHealth(rows), [rows]);
  const shown = useMemo(() => (only ? rows.filter(row => row.health === only) : rows), [rows, only]);
  const groups = useMemo(() => groupHosts(shown, by === 'none' ? '' : by), [shown, by]);
  const ways = useMemo(() => groupings(hosts), [hosts]);
  if (hosts.length === 0) {
    return filtered ? (
      <Empty title="No host fits this filter" />
    ) : (
      <Empty title="No hosts yet">
        Make a token with <code>fettle enroll token</code> and enrol the first one.
      </Empty>
    );
  }
  const wrong = hosts.length - counts.ok;
  return (
    <>
      <section className="glance" aria-label="Health of the fleet">
        <p className="headline">
          <b>{hosts.length.toLocaleString('en')}</b> {hosts.length === 1 ? 'host' : 'hosts'},{' '}
          {wrong === 0 ? 'all in order' : `${(hosts.length - wrong).toLocaleString('en')} in order`}
        </p>
        <Shares
          parts={healths.map(kind => ({ kind, count: counts[kind] }))}
          label={healths
            .filter(kind => counts[kind] > 0)
            .map(kind => `${counts[kind]} ${healthText[kind]}`)
            .join(', ')}
        />
        <div className="chips" role="group" aria-label="Show only">
          {healths
            .filter(kind => counts[kind] > 0 || kind === only)
            .map(kind => (
              <HealthChip key={kind} kind={kind} count={counts[kind]} on={only === kind} set={setOnly} />
            ))}
        </div>
      </section>
      <div className="tools">
        <Choice
          label="View"
          value={view}
          onChange={setView}
          options={[
            ['tiles', 'Tiles'],
            ['table', 'Table'],
          ]}
        />
        {view === 'tiles' && (
          <label className="select">
            Group by
            <select value={by} onChange={event => setBy(event.target.value)}>
              <option value="none">nothing</option>
              {ways.map(way => (
                <option key={way} value={way}>
                  {way.replace('labels.', 'label ')}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {view === 'table' ? (
        <HostTable rows={shown} sort={sort} onSort={setSort} />
      ) : (
        <Tiles groups={groups} by={by === 'none' ? '' : by} />
      )}
    </>
  );
}

function HealthChip(props: { kind: Health; count: number; on: boolean; set: (value: string) => void }) {
  const { kind, count, on, set } = props;
  return (
    <button
      type="button"
      className={`chip is-${kind}`}
      aria-pressed={on}
      title={healthMeans[kind]}
      onClick={() => set(on ? '' : kind)}
    >
      <span className="glyph" aria-hidden="true">
        {glyph(kind)}
      </span>
      <b>{count.toLocaleString('en')}</b> {healthText[kind]}
    </button>
  );
}

const columns: TableColumn<HostRow>[] = [
  {
    key: 'name',
    title: 'Host',
    sortable: true,
    className: 'wide',
    cell: row => <HostLink name={row.name} />,
  },
  { key: 'health', title: 'Health', sortable: true, cell: row => <HealthBadge health={row.health} /> },
  {
    key: 'drift',
    title: 'Drift',
    sortable: true,
    className: 'number',
    cell: row => row.host.openDrift || '',
  },
  {
    key: 'revision',
    title: 'Revision',
    sortable: true,
    className: 'roomy',
    cell: ({ host }) => (
      <>
        <RevisionLink name={host.revision} />
        {host.assignedRevision && host.assignedRevision !== host.revision && (
          <span className="dim"> of {host.assignedRevision}</span>
        )}
      </>
    ),
  },
  { key: 'channel', title: 'Channel', sortable: true, className: 'roomy', cell: row => row.host.channel },
  { key: 'os', title: 'System', sortable: true, className: 'roomy', cell: row => row.host.os },
  {
    key: 'labels',
    title: 'Labels',
    className: 'roomy wide',
    cell: row => (
      <span className="labels">
        {Object.entries(row.host.labels ?? {}).map(([key, value]) => (
          <span key={key}>
            {key}={value}
          </span>
        ))}
      </span>
    ),
  },
  {
    key: 'seen',
    title: 'Seen',
    sortable: true,
    className: 'time',
    cell: row => <Time us={row.host.lastSeenUs} />,
  },
  {
    key: 'run',
    title: 'Last run',
    sortable: true,
    className: 'time roomy',
    cell: row => <Time us={row.host.lastRunUs} />,
  },
];

function HostTable(props: { rows: readonly HostRow[]; sort: string; onSort: (sort: string) => void }) {
  const { rows, sort, onSort } = props;
  const sorted = useMemo(() => sortHosts(rows, sort), [rows, sort]);
  return (
    <Table
      caption="Hosts"
      columns={columns}
      rows={sorted}
      rowKey={row => row.name}
      sort={sort}
      onSort={onSort}
    />
  );
}
