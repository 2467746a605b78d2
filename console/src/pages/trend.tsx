// SPDX-License-Identifier: Apache-2.0
// The score over time: at each midnight, and now.
import { useEffect, useMemo, useState } from 'react';
import { useTrend } from '../api/queries';
import type { AssessResponse, TrendPoint, TrendResponse, VerdictCounts } from '../api/types';
import { applies, countsInOrder, scoreText } from '../lib/compliance';
import { absolute, short, toMicros, toMs, zoneName } from '../lib/time';
import { anyApplies, dots, everyOf, marks, momentsOf, path, trendSpans, usualSpans } from '../lib/trend';
import { Answer, Choice, Empty } from '../ui/bits';
import { useParam } from '../ui/place';
import { useNow, useSettings } from '../ui/settings';
import { Said } from './compliance';

const width = 1000;
const height = 160;
const fewPoints = 35; // So many are marked one by one.
const fewCaveats = 3;

// What the page says already is the end of the line.
export function lastPoint(data: AssessResponse, counts: VerdictCounts | undefined): TrendPoint {
  return {
    ...(data.takenUs === undefined ? {} : { atUs: data.takenUs }),
    ...(counts === undefined ? {} : { counts }),
    hosts: (data.hosts ?? []).filter(one => one.revision).length,
  };
}

interface Props {
  filter: string;
  framework?: string;
  control?: string;
  last: TrendPoint;
  past: boolean; // The page is about a moment that passed; its end is the line's.
}

export function Trend({ filter, framework, control, last, past }: Props) {
  const [text, setText] = useParam('span');
  const chosen = trendSpans.find(([key]) => key === text)?.[0];
  const [tried, setTried] = useState(0);
  const span = chosen ?? usualSpans[tried] ?? '1h';
  const { utc } = useSettings();
  const now = useNow();
  const every = everyOf(span);
  const end = past ? toMs(last.atUs) : Math.floor(now / every) * every + 1;
  const moments = useMemo(() => momentsOf(end, span, utc), [end, span, utc]);
  const query = useTrend({
    filter,
    ...(framework ? { framework } : {}),
    ...(control ? { control } : {}),
    atUs: moments.map(toMicros),
  });
  const nothing = query.data && !query.isPlaceholderData && !anyApplies(query.data.points ?? []);
  const narrow = !chosen && nothing === true && tried + 1 < usualSpans.length;
  useEffect(() => {
    if (narrow) setTried(tried + 1);
  }, [narrow, tried]);
  return (
    <>
      <div className="tools">
        <Choice label="How far back" value={span} onChange={setText} options={trendSpans} />
      </div>
      <Answer query={query} what="the trend">
        {data => (
          <Line
            data={data}
            last={past ? last : { ...last, atUs: toMicros(Math.max(now, toMs(last.atUs))) }}
            from={moments[0] ?? end}
            past={past}
          />
        )}
      </Answer>
    </>
  );
}

interface LineProps {
  data: TrendResponse;
  last: TrendPoint;
  from: number;
  past: boolean;
}

function Line({ data, last, from, past }: LineProps) {
  const { utc } = useSettings();
  // Where no control was at any moment, the server lists none; the line still begins where it was asked to.
  const points = useMemo(
    () => [...(data.points?.length ? data.points : [{ atUs: toMicros(from) }]), last],
    [data, last, from],
  );
  const line = useMemo(() => dots(points, width, height), [points]);
  const known = line.filter(dot => dot !== null);
  if (known.length === 0) return <Empty title="Nothing applied in this time" />;
  const lowest = known.reduce((a, b) => (b.score < a.score ? b : a));
  const to = toMs(last.atUs);
  const word = past ? `at ${short(to, to, utc)}` : 'now';
  const caveats = data.caveats ?? [];
  const shown = caveats.length > fewCaveats ? caveats.slice(0, fewCaveats - 1) : caveats;
  return (
    <>
      <figure className="trend">
        <svg
          viewBox={`0 -4 ${width} ${height + 8}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Score ${word} ${scoreText(last.counts)}, ${(lowest.score * 100).toFixed(1)} % at the lowest`}
        >
          {[0, 0.5, 1].map(share => (
            <line key={share} x1="0" x2={width} y1={share * height} y2={share * height} className="axis" />
          ))}
          <path d={path(line)} />
          {known.length <= fewPoints && <path d={marks(line)} className="marks" />}
        </svg>
        <figcaption>
          <span>{short(toMs(points[0]?.atUs), to, utc)}</span>
          <span>100 % above, 0 % below</span>
          <span>
            {word} {scoreText(last.counts)}
          </span>
        </figcaption>
      </figure>
      <Beginning known={known.map(dot => dot.at)} points={points} />
      <Said list={shown} kind="changed" />
      {shown.length < caveats.length && (
        <details className="fold">
          <summary>{caveats.length - shown.length} more that is not known of then</summary>
          <Said list={caveats.slice(shown.length)} kind="changed" />
        </details>
      )}
      <div className="trend-table" tabIndex={0} role="region" aria-label="The same as a table">
        <table>
          <caption className="unseen">The score at each moment, the last first</caption>
          <thead>
            <tr>
              <th scope="col">Time, {zoneName(utc)}</th>
              <th scope="col">Score</th>
              {countsInOrder.map(([key, word]) => (
                <th key={key} scope="col">
                  {word}
                </th>
              ))}
              <th scope="col">hosts</th>
            </tr>
          </thead>
          <tbody>
            {[...points].reverse().map(point => (
              <tr key={point.atUs}>
                <th scope="row">{absolute(toMs(point.atUs), utc).slice(0, 16)}</th>
                <td>{scoreText(point.counts)}</td>
                {countsInOrder.map(([key]) => (
                  <td key={key}>{(point.counts?.[key] ?? 0).toLocaleString('en')}</td>
                ))}
                <td>{(point.hosts ?? 0).toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

// Where the line does not begin at the left, why.
function Beginning({ known, points }: { known: readonly number[]; points: readonly TrendPoint[] }) {
  const { utc } = useSettings();
  const first = points.findIndex(point => applies(point.counts) > 0);
  const end = toMs(points[points.length - 1]?.atUs);
  if (first <= 0) return null;
  return (
    <p className="notice">
      {first === points.length - 1
        ? 'The line begins here: nothing that applies was known at the moments before. Over 1 hour it has a moment every two minutes.'
        : `Nothing that applies was known before ${short(known[0] ?? end, end, utc)}; there the line begins.`}
    </p>
  );
}
