// SPDX-License-Identifier: Apache-2.0
// How hosts stand to the controls of standards: the score, the controls, the map of hosts by controls, the waivers.
import { useMemo } from 'react';
import { useAssess } from '../api/queries';
import type { AssessResponse, ControlSummary, VerdictCounts } from '../api/types';
import {
  applies,
  Cells,
  countsInOrder,
  findingsCsv,
  frameworksOf,
  scoreText,
  sortControls,
  sortHosts,
  verdictText,
} from '../lib/compliance';
import { href } from '../lib/route';
import { saveAs } from '../lib/save';
import { absolute, toMicros, toMs, zoneName } from '../lib/time';
import { AtBar, useAt } from '../ui/at';
import { Answer, Badge, Choice, Empty, Page } from '../ui/bits';
import { Shares } from '../ui/chart';
import { FilterBar } from '../ui/filter';
import { useParam, useRouter } from '../ui/place';
import { useSettings } from '../ui/settings';
import { Waiver } from '../ui/waiver';
import { HeatMap } from './heat';
import { lastPoint, Trend } from './trend';

const mostFindings = 10_000; // What the server lists at most.

export default function CompliancePage() {
  const [filter] = useParam('filter');
  const [framework, setFramework] = useParam('framework');
  const at = useAt();
  const then = at > 0 ? { atUs: toMicros(at) } : {};
  const query = useAssess({ filter, framework, ...then });
  // Of all frameworks, for the choice; the same question where none is chosen.
  const every = useAssess({ filter, framework: '', ...then });
  const frameworks = frameworksOf(every.data?.controls ?? []);
  if (framework !== '' && !frameworks.includes(framework)) frameworks.push(framework);
  return (
    <Page title="Compliance" aside={<FilterBar what="hosts" />}>
      <div className="tools">
        <label className="select">
          Framework
          <select value={framework} onChange={event => setFramework(event.target.value)}>
            <option value="">all</option>
            {frameworks.map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <AtBar />
      </div>
      <Answer query={query} what="the compliance">
        {data => <Assessed data={data} framework={framework} filter={filter} atUs={then.atUs ?? ''} />}
      </Answer>
    </Page>
  );
}

interface Props {
  data: AssessResponse;
  framework: string;
  filter: string;
  atUs: string;
}

function Assessed({ data, framework, filter, atUs }: Props) {
  const [view, setView] = useParam('view', 'controls');
  const { utc } = useSettings();
  const { controls = [], hosts = [], counts, waivers = [] } = data;
  const taken = toMs(data.takenUs);
  if (controls.length === 0) {
    return (
      <>
        <Said list={data.problems} kind="failed" />
        <Said list={data.caveats} kind="changed" />
        <Empty title={filter || framework ? 'No control fits' : 'No controls yet'}>
          Resources say which controls they fulfil: <code>control = "CIS-5.2.8"</code>.
        </Empty>
      </>
    );
  }
  const name = `compliance-${new Date(taken).toISOString().slice(0, 10)}`;
  return (
    <>
      <section className="glance" aria-label="Score">
        <p className="headline">
          <b>{scoreText(counts)}</b> of what applies, on {hosts.length.toLocaleString('en')}{' '}
          {hosts.length === 1 ? 'host' : 'hosts'}
          {framework && `, for ${framework}`}
        </p>
        <Shares
          parts={countsInOrder.map(([key, word]) => ({
            kind: word.replace(/ /g, '-'),
            count: counts?.[key] ?? 0,
          }))}
          label={countsInOrder.map(([key, word]) => `${counts?.[key] ?? 0} ${word}`).join(', ')}
        />
        <VerdictCountsLine counts={counts} />
        <p className="dim small">
          As of {absolute(taken, utc)} {zoneName(utc)}
          {filter && (
            <>
              , hosts that fit <code>{filter}</code>
            </>
          )}
        </p>
      </section>
      <Said list={data.problems} kind="failed" />
      <Said list={data.caveats} kind="changed" />
      {data.findingsCut && (
        <p className="notice is-drifted">
          There are more findings than the {mostFindings.toLocaleString('en')} that the server lists: counts
          are of all, the map and the exports are not. Narrow it with a filter.
        </p>
      )}
      <div className="tools">
        <Choice
          label="View"
          value={view}
          onChange={setView}
          options={[
            ['controls', 'Controls'],
            ['map', 'Hosts by controls'],
            ['waivers', `Waivers ${waivers.length}`],
            ['trend', 'Trend'],
          ]}
        />
        <button type="button" onClick={() => saveAs(`${name}.csv`, 'text/csv', findingsCsv(data))}>
          Save CSV
        </button>
        <button
          type="button"
          onClick={() => saveAs(`${name}.json`, 'application/json', `${JSON.stringify(data, null, 2)}\n`)}
        >
          Save JSON
        </button>
        <button type="button" onClick={() => print()}>
          Print
        </button>
      </div>
      {view === 'map' && <MapView data={data} filter={filter} framework={framework} atUs={atUs} />}
      {view === 'waivers' && <Waivers data={data} />}
      {view === 'trend' && (
        <Trend
          key={`${filter} ${framework} ${atUs}`}
          filter={filter}
          framework={framework}
          last={lastPoint(data, counts)}
          past={atUs !== ''}
        />
      )}
      <div className={view === 'controls' ? '' : 'print-only'}>
        <Controls data={data} />
      </div>
      <PrintedFindings data={data} />
    </>
  );
}

export function VerdictCountsLine({ counts }: { counts: VerdictCounts | undefined }) {
  return (
    <p className="counts">
      {countsInOrder.map(([key, word]) => (
        <span key={key} className={`count is-${word.replace(/ /g, '-')}`}>
          <b>{(counts?.[key] ?? 0).toLocaleString('en')}</b> {word}
        </span>
      ))}
    </p>
  );
}

export function Said({ list = [], kind }: { list: string[] | undefined; kind: string }) {
  return list.map(text => (
    <p key={text} className={`notice is-${kind}`}>
      {text}
    </p>
  ));
}

function Controls({ data }: { data: AssessResponse }) {
  const controls = useMemo(() => sortControls(data.controls ?? []), [data]);
  return (
    <ul className="groups">
      {controls.map(one => (
        <Control
          key={one.id}
          one={one}
          waivers={(data.waivers ?? []).filter(waiver => waiver.control === one.id)}
        />
      ))}
    </ul>
  );
}

function Control({ one, waivers }: { one: ControlSummary; waivers: AssessResponse['waivers'] }) {
  const { place } = useRouter();
  const { filter = '', at = '' } = place.params;
  return (
    <li className="group control">
      <div className="control-head">
        <a className="name" href={href(['compliance', one.id ?? ''], { filter, at })}>
          {one.id}
        </a>
        <span className="control-title">{one.title || <span className="dim">not described</span>}</span>
        {one.severity && <span className="tag">{one.severity}</span>}
        <b className="control-score">{scoreText(one.hosts)}</b>
      </div>
      <VerdictCountsLine counts={one.hosts} />
      {(one.frameworks ?? []).length > 0 && (
        <p className="dim small">
          {(one.frameworks ?? [])
            .map(map => `${map.framework} ${(map.requirements ?? []).join(', ')}`)
            .join(' · ')}
        </p>
      )}
      {(waivers ?? []).map(waiver => (
        <Waiver key={`${waiver.position} ${waiver.revision}`} one={waiver} />
      ))}
    </li>
  );
}

function Waivers({ data: { waivers = [] } }: { data: AssessResponse }) {
  const sorted = [...waivers].sort((a, b) => toMs(a.untilUs) - toMs(b.untilUs));
  if (sorted.length === 0) return <Empty title="Nothing is waived" />;
  return (
    <ul className="plain">
      {sorted.map(one => (
        <li key={`${one.position} ${one.revision}`}>
          <h2>
            <a className="name" href={href(['compliance', one.control ?? ''])}>
              {one.control}
            </a>
          </h2>
          <Waiver one={one} />
        </li>
      ))}
    </ul>
  );
}

function MapView({ data, filter, framework, atUs }: Props) {
  // What is compliant is listed too where that is not too much.
  const few = applies(data.counts) < mostFindings;
  const all = useAssess({ filter, framework, all: true, ...(atUs ? { atUs } : {}) }, few);
  const cells = useMemo(
    () => (few && all.data ? new Cells(all.data, true) : new Cells(data, false)),
    [few, all.data, data],
  );
  const hosts = useMemo(() => sortHosts(data.hosts ?? []), [data]);
  const controls = useMemo(() => sortControls(data.controls ?? []), [data]);
  return <HeatMap hosts={hosts} controls={controls} cells={cells} />;
}

const mostPrinted = 1000;

// On paper nothing can be opened: what is off stands below the controls.
function PrintedFindings({ data: { findings = [] } }: { data: AssessResponse }) {
  if (findings.length === 0) return null;
  return (
    <section className="print-only" aria-label="Findings">
      <h2>Findings</h2>
      {findings.length > mostPrinted && (
        <p>
          The first {mostPrinted} of {findings.length}.
        </p>
      )}
      <ul>
        {findings.slice(0, mostPrinted).map(one => (
          <li key={`${one.control} ${one.host}`}>
            {one.control} on {one.host}: {verdictText[one.verdict ?? 'VERDICT_UNKNOWN']}
            {(one.evidence ?? []).map(piece => ` · ${piece.resource} [${piece.position}]`).join('')}
          </li>
        ))}
      </ul>
    </section>
  );
}

export const VerdictBadge = ({ word }: { word: string }) => <Badge kind={word}>{word}</Badge>;
