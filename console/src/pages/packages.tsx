// SPDX-License-Identifier: Apache-2.0
// The packages of a host: what is installed, or was at a time, with who made it so, and what changed.
import { useMemo } from 'react';
import { usePackageChanges, usePackages } from '../api/queries';
import type { PackageChange } from '../api/types';
import { changeWord, nameFits, withChanges, type PackageRow } from '../lib/packages';
import { href } from '../lib/route';
import { parseSpan } from '../lib/time';
import { useAt } from '../ui/at';
import { Answer, Choice, Empty, Time } from '../ui/bits';
import { useParam } from '../ui/place';
import { Table, type TableColumn } from '../ui/table';

const spans = [
  ['1d', '1 day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['all', 'All'],
] as const;

export function Packages({ name }: { name: string }) {
  const [view, setView] = useParam('view', 'installed');
  const [text, setText] = useParam('q');
  const [since, setSince] = useParam('since', '30d');
  const at = useAt();
  return (
    <>
      <div className="tools">
        <Choice
          label="Which packages"
          value={view}
          onChange={setView}
          options={[
            ['installed', 'Installed'],
            ['changes', 'What changed'],
          ]}
        />
        {view === 'changes' && (
          <Choice label="Which time" value={since} onChange={setSince} options={spans} />
        )}
        <label className="search">
          <span className="unseen">Search packages</span>
          <input
            type="search"
            placeholder="Part of a name, or lib*"
            value={text}
            onChange={event => setText(event.target.value)}
          />
        </label>
      </div>
      {view === 'changes' ? (
        <Changed name={name} at={at} span={parseSpan(since)} text={text} />
      ) : (
        <Installed name={name} at={at} text={text} />
      )}
    </>
  );
}

interface Props {
  name: string;
  at: number; // 0: now.
  text: string;
}

function Installed({ name, at, text }: Props) {
  const query = usePackages(name, at);
  const changes = usePackageChanges(name, 0, at);
  const { data } = query;
  const rows = useMemo(
    () => withChanges(data?.packages ?? [], changes.data?.changes ?? []),
    [data, changes.data],
  );
  const shown = useMemo(() => {
    const fits = nameFits(text);
    return rows.filter(row => fits(row.name ?? ''));
  }, [rows, text]);
  return (
    <Answer query={query} what="its packages">
      {({ notKnown = [], cut }) =>
        notKnown.length > 0 ? (
          <Empty title={at > 0 ? 'What was installed then is not known' : 'Its packages are not known yet'}>
            {at > 0 ? 'The host told its first list later.' : 'It tells them with its first reports.'}
          </Empty>
        ) : rows.length === 0 ? (
          <Empty title={at > 0 ? 'Nothing was installed' : 'Nothing is installed'}>
            The host has no package database, or an empty one.
          </Empty>
        ) : (
          <>
            <p className="summary">
              {shown.length.toLocaleString('en')} of {rows.length.toLocaleString('en')} packages
              {cut && <span className="dim"> (more are installed than the server lists)</span>}
              {changes.error && <span className="dim"> (who changed them cannot be asked just now)</span>}
            </p>
            {shown.length === 0 ? (
              <Empty title="No package fits" />
            ) : (
              <Table
                caption="Packages"
                columns={installedColumns}
                rows={shown}
                rowKey={row => row.name ?? ''}
              />
            )}
          </>
        )
      }
    </Answer>
  );
}

function Changed({ name, at, span, text }: Props & { span: number }) {
  const query = usePackageChanges(name, span, at);
  const shown = useMemo(() => {
    const fits = nameFits(text);
    return (query.data?.changes ?? []).filter(one => fits(one.name ?? ''));
  }, [query.data, text]);
  return (
    <Answer query={query} what="what changed">
      {({ changes = [], cut }) =>
        changes.length === 0 ? (
          <Empty title="No package changed in this time">
            What was there when the host told its first list is no change.
          </Empty>
        ) : (
          <>
            <p className="summary">
              {shown.length.toLocaleString('en')} of {changes.length.toLocaleString('en')} changes
              {cut && <span className="dim"> (the newest; choose a shorter time for others)</span>}
            </p>
            {shown.length === 0 ? (
              <Empty title="No change fits" />
            ) : (
              <Table
                caption="Changes of packages"
                columns={changeColumns}
                rows={shown}
                rowKey={one => `${one.timeUs} ${one.name} ${one.to}`}
              />
            )}
          </>
        )
      }
    </Answer>
  );
}

// The run that did it, or what the package manager's log says.
function By({ change }: { change: PackageChange }) {
  if (change.run) {
    return (
      <>
        run <a href={href(['runs', change.host ?? '', change.run])}>{change.run}</a>
      </>
    );
  }
  if (!change.transaction) return <span className="dim">not known</span>;
  return <code title={change.transaction}>{change.transaction}</code>;
}

const installedColumns: TableColumn<PackageRow>[] = [
  { key: 'name', title: 'Package', className: 'wide', cell: row => <code>{row.name}</code> },
  { key: 'version', title: 'Version', cell: row => row.version },
  { key: 'architecture', title: 'Architecture', className: 'roomy', cell: row => row.architecture },
  {
    key: 'since',
    title: 'Since',
    className: 'time',
    cell: row => <Time us={row.sinceUs} none="not known" />,
  },
  {
    key: 'by',
    title: 'By',
    className: 'roomy widest',
    cell: row =>
      row.change ? <By change={row.change} /> : <span className="dim">there from the first</span>,
  },
];

const changeColumns: TableColumn<PackageChange>[] = [
  { key: 'when', title: 'When', className: 'time', cell: one => <Time us={one.timeUs} /> },
  { key: 'name', title: 'Package', className: 'wide', cell: one => <code>{one.name}</code> },
  { key: 'what', title: 'What', cell: one => changeWord(one) },
  { key: 'from', title: 'From', className: 'roomy', cell: one => one.from },
  { key: 'to', title: 'To', className: 'roomy', cell: one => one.to },
  { key: 'by', title: 'By', className: 'roomy widest', cell: one => <By change={one} /> },
];
