// SPDX-License-Identifier: Apache-2.0
// One control: how every host stands to it, and of the chosen host the resources, lines and evidence.
import { useMemo } from 'react';
import { useAssess } from '../api/queries';
import type { AssessResponse, ControlEvidence, ControlFinding } from '../api/types';
import { countsInOrder, findingsCsv, scoreText, verdictText } from '../lib/compliance';
import { equals } from '../lib/filter';
import { href } from '../lib/route';
import { saveAs } from '../lib/save';
import { toMicros } from '../lib/time';
import { AtBar, useAt } from '../ui/at';
import { Answer, Empty, HostLink, Page, Pairs, StateBadge, Time, Who } from '../ui/bits';
import { Differences } from '../ui/diff';
import { FilterBar } from '../ui/filter';
import { useParam, useRouter } from '../ui/place';
import { Table, type TableColumn } from '../ui/table';
import { Waiver } from '../ui/waiver';
import { Said, VerdictBadge, VerdictCountsLine } from './compliance';
import { lastPoint, Trend } from './trend';

export default function ControlPage({ id }: { id: string }) {
  const [filter] = useParam('filter');
  const [host] = useParam('host');
  const at = useAt();
  const then = at > 0 ? { atUs: toMicros(at) } : {};
  const query = useAssess({ filter, control: id, ...then });
  return (
    <Page title={id} aside={<FilterBar what="hosts" />}>
      <p className="crumb">
        <a href={href(['compliance'], { filter })}>Compliance</a>
      </p>
      <div className="tools">
        <AtBar />
      </div>
      <Answer query={query} what="the control">
        {data => <Control id={id} data={data} host={host} atUs={then.atUs ?? ''} />}
      </Answer>
    </Page>
  );
}

interface Props {
  id: string;
  data: AssessResponse;
  host: string;
  atUs: string;
}

function Control({ id, data, host, atUs }: Props) {
  const { set } = useRouter();
  const [only, setOnly] = useParam('verdict');
  const [filter] = useParam('filter');
  const [trend, setTrend] = useParam('trend');
  const control = data.controls?.find(one => one.id === id);
  const findings = data.findings ?? [];
  const shown = useMemo(
    () =>
      only
        ? findings.filter(one => verdictText[one.verdict ?? 'VERDICT_UNKNOWN'] === only)
        : [...findings].sort((a, b) => worst(a) - worst(b)),
    [findings, only],
  );
  if (!control) return <Empty title="These hosts have no such control" />;
  return (
    <>
      <section className="glance" aria-label="The control">
        <p className="headline">{control.title || 'Not described by a catalog'}</p>
        {control.description && <p className="lead">{control.description}</p>}
        <Pairs
          pairs={[
            ['Score', scoreText(control.hosts)],
            ['Severity', control.severity || 'not said'],
            ...(control.frameworks ?? []).map(
              map => [map.framework ?? '', (map.requirements ?? []).join(', ')] as const,
            ),
            control.position ? ['Described at', <code key="p">{control.position}</code>] : null,
          ]}
        />
        <VerdictCountsLine counts={control.hosts} />
      </section>
      <Said list={data.problems} kind="failed" />
      <Said list={data.caveats} kind="changed" />
      {(data.waivers ?? [])
        .filter(one => one.control === id)
        .map(one => (
          <Waiver key={`${one.position} ${one.revision}`} one={one} />
        ))}
      <div className="tools">
        <label className="select">
          Show
          <select value={only} onChange={event => setOnly(event.target.value)}>
            <option value="">all that apply</option>
            {countsInOrder
              .filter(([key]) => key !== 'notApplicable')
              .map(([key, word]) => (
                <option key={key}>{word}</option>
              ))}
          </select>
        </label>
        <button type="button" onClick={() => saveAs(`${fileName(id)}.csv`, 'text/csv', findingsCsv(data))}>
          Save CSV
        </button>
        <button
          type="button"
          onClick={() =>
            saveAs(`${fileName(id)}.json`, 'application/json', `${JSON.stringify(data, null, 2)}\n`)
          }
        >
          Save JSON
        </button>
        <button type="button" onClick={() => print()}>
          Print
        </button>
      </div>
      <details
        className="fold"
        open={trend === 'yes'}
        onToggle={event => setTrend(event.currentTarget.open ? 'yes' : '')}
      >
        <summary>Over time</summary>
        {trend === 'yes' && (
          <Trend
            key={`${filter} ${atUs}`}
            filter={filter}
            control={id}
            last={lastPoint(data, control.hosts)}
            past={atUs !== ''}
          />
        )}
      </details>
      {data.findingsCut && (
        <p className="notice is-drifted">
          There are more hosts than the server lists. Narrow it with a filter.
        </p>
      )}
      <div className={host ? 'split' : ''}>
        {shown.length === 0 ? (
          <Empty title="No host stands so" />
        ) : (
          <Table
            caption="Hosts"
            columns={columns}
            rows={shown}
            rowKey={one => one.host ?? ''}
            chosen={host}
          />
        )}
        {host && <Detail key={host} id={id} host={host} atUs={atUs} onClose={() => set({ host: '' })} />}
      </div>
    </>
  );
}

const order = countsInOrder.map(([, word]) => word as string);
const worst = (one: ControlFinding) => order.indexOf(verdictText[one.verdict ?? 'VERDICT_UNKNOWN']);
const fileName = (id: string) => id.replace(/[^\w.-]+/g, '_');

function Pick({ host }: { host: string }) {
  const [chosen, setChosen] = useParam('host');
  return (
    <button
      type="button"
      className="pick"
      aria-expanded={chosen === host}
      onClick={() => setChosen(chosen === host ? '' : host)}
    >
      {host}
    </button>
  );
}

const columns: TableColumn<ControlFinding>[] = [
  { key: 'host', title: 'Host', className: 'wide', cell: one => <Pick host={one.host ?? ''} /> },
  {
    key: 'verdict',
    title: 'Stands',
    cell: one => <VerdictBadge word={verdictText[one.verdict ?? 'VERDICT_UNKNOWN']} />,
  },
  {
    key: 'resource',
    title: 'Resource',
    className: 'roomy wide',
    cell: one => <code className="dim">{(one.evidence ?? []).map(piece => piece.resource).join(', ')}</code>,
  },
];

// Asked for by itself: of a large fleet the list above may not reach it.
function Detail(props: { id: string; host: string; atUs: string; onClose: () => void }) {
  const { id, host, atUs, onClose } = props;
  const query = useAssess({
    filter: equals('name', host),
    control: id,
    all: true,
    ...(atUs ? { atUs } : {}),
  });
  return (
    <aside className="detail" aria-label={`${id} on ${host}`}>
      <div className="detail-head">
        <h2>
          <HostLink name={host} />
        </h2>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </div>
      <Answer query={query} what="the evidence">
        {({ findings = [] }) =>
          findings.length === 0 ? (
            <p>
              <VerdictBadge word="not applicable" /> No resource on this host names this control.
            </p>
          ) : (
            findings.map(one => <Finding key={one.host} one={one} />)
          )
        }
      </Answer>
    </aside>
  );
}

function Finding({ one }: { one: ControlFinding }) {
  return (
    <>
      <p>
        <VerdictBadge word={verdictText[one.verdict ?? 'VERDICT_UNKNOWN']} />
      </p>
      {one.waiver && <Waiver one={one.waiver} />}
      {(one.evidence ?? []).map(piece => (
        <Piece key={piece.resource} host={one.host ?? ''} piece={piece} />
      ))}
    </>
  );
}

function Piece({ host, piece }: { host: string; piece: ControlEvidence }) {
  return (
    <section>
      <h3>
        <a className="name" href={href(['hosts', host], { r: piece.resource ?? '' })}>
          {piece.resource}
        </a>
      </h3>
      <Pairs
        pairs={[
          ['State', <StateBadge key="s" state={piece.state} />],
          ['Since', <Time key="t" us={piece.sinceUs} none="not known" />],
          ['Declared at', <code key="p">{piece.position || 'not known'}</code>],
          piece.actor ? ['Changed by', <Who key="w" actor={piece.actor} full />] : null,
        ]}
      />
      {piece.error && <pre className="error-text">{piece.error}</pre>}
      <Differences list={piece.differences} />
    </section>
  );
}
