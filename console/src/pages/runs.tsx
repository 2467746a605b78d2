// SPDX-License-Identifier: Apache-2.0
import { useMemo } from 'react';
import { useRuns } from '../api/queries';
import type { RunReport } from '../api/types';
import { href } from '../lib/route';
import { duration, parseSpan, toMs } from '../lib/time';
import { Answer, Badge, Choice, Counts, Empty, HostLink, Page, RevisionLink, Time } from '../ui/bits';
import { FilterBar } from '../ui/filter';
import { useParam } from '../ui/place';
import { Table, type TableColumn } from '../ui/table';

export default function RunsPage() {
  const [filter] = useParam('filter');
  const [span, setSpan] = useParam('since', '7d');
  const query = useRuns(filter, parseSpan(span));
  return (
    <Page title="Runs" aside={<FilterBar what="hosts" />}>
      <div className="tools">
        <Choice
          label="Which time"
          value={span}
          onChange={setSpan}
          options={[
            ['1h', '1 hour'],
            ['1d', '1 day'],
            ['7d', '7 days'],
            ['30d', '30 days'],
          ]}
        />
        <p className="dim">Runs in which nothing happened are not kept.</p>
      </div>
      <Answer query={query} what="the runs">
        {runs =>
          runs.length === 0 ? (
            <Empty title="No run did anything in this time" />
          ) : (
            <RunTable runs={runs} host />
          )
        }
      </Answer>
    </Page>
  );
}

export function RunWord({ run }: { run: RunReport }) {
  const counts = run.counts ?? {};
  if (run.error || (counts.failed ?? 0) > 0) return <Badge kind="failed" />;
  if ((counts.drifted ?? 0) > 0) return <Badge kind="drifted" />;
  if ((counts.changed ?? 0) > 0) return <Badge kind="changed" />;
  if ((counts.blocked ?? 0) > 0) return <Badge kind="blocked" />;
  return <Badge kind="ok" />;
}

const hostColumn: TableColumn<RunReport> = {
  key: 'host',
  title: 'Host',
  className: 'wide',
  cell: run => <HostLink name={run.host ?? ''} tab="runs" />,
};
const columns: TableColumn<RunReport>[] = [
  {
    key: 'when',
    title: 'Began',
    className: 'time',
    cell: run => (
      <a href={href(['runs', run.host ?? '', run.id ?? ''])}>
        <Time us={run.startedUs} />
      </a>
    ),
  },
  { key: 'result', title: 'Result', cell: run => <RunWord run={run} /> },
  {
    key: 'counts',
    title: 'Resources',
    className: 'roomy wide',
    cell: run =>
      run.error ? <span className="error-line">{run.error}</span> : <Counts counts={run.counts} />,
  },
  { key: 'revision', title: 'Revision', cell: run => <RevisionLink name={run.revision} /> },
  {
    key: 'reason',
    title: 'Why',
    className: 'roomy',
    cell: run => (
      <>
        {run.reason}
        {!run.enforce && <span className="dim"> (looked only)</span>}
      </>
    ),
  },
  {
    key: 'took',
    title: 'Took',
    className: 'number roomy',
    cell: run => duration(Number(run.durationUs ?? 0) / 1000),
  },
];

export function RunTable({ runs, host = false }: { runs: readonly RunReport[]; host?: boolean }) {
  const sorted = useMemo(() => [...runs].sort((a, b) => toMs(b.startedUs) - toMs(a.startedUs)), [runs]);
  const shown = useMemo(() => (host ? [columns[0]!, hostColumn, ...columns.slice(1)] : columns), [host]);
  return <Table caption="Runs" columns={shown} rows={sorted} rowKey={run => `${run.host} ${run.id}`} />;
}
