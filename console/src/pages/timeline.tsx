// SPDX-License-Identifier: Apache-2.0
// How a host's resources were over time: a lane for each, and a hand that is dragged through time.
import { useMemo, useState } from 'react';
import { useHistory } from '../api/queries';
import type { Span } from '../api/types';
import { lanesOf, statesAt, type Lane } from '../lib/drift';
import { absolute, parseSpan, relative, short, zoneName } from '../lib/time';
import { Answer, Choice, Empty, StateBadge, stateWord, Who } from '../ui/bits';
import { Differences } from '../ui/diff';
import { useParam } from '../ui/place';
import { useNow, useSettings } from '../ui/settings';

const shownLanes = 200;

export function Timeline({ name }: { name: string }) {
  const [span, setSpan] = useParam('span', '1d');
  const length = parseSpan(span);
  const query = useHistory(name, length);
  return (
    <>
      <div className="tools">
        <Choice
          label="How far back"
          value={span}
          onChange={setSpan}
          options={[
            ['1h', '1 hour'],
            ['1d', '1 day'],
            ['7d', '7 days'],
            ['30d', '30 days'],
          ]}
        />
      </div>
      <Answer query={query} what="its history">
        {spans =>
          spans.length === 0 ? <Empty title="No history yet" /> : <Lanes spans={spans} length={length} />
        }
      </Answer>
    </>
  );
}

function Lanes({ spans, length }: { spans: readonly Span[]; length: number }) {
  const now = useNow();
  const { utc } = useSettings();
  const from = now - length;
  // Thousandths of the window; 1000 is now, and stays now.
  const [hand, setHand] = useState(1000);
  const [all, setAll] = useState(false);
  const lanes = useMemo(() => lanesOf(spans, from, now), [spans, from, now]);
  const eventful = lanes.filter(lane => lane.eventful);
  const shown = (all ? lanes : eventful).slice(0, shownLanes);
  const at = hand >= 1000 ? now : from + (hand / 1000) * length;
  const states = useMemo(() => statesAt(spans, at), [spans, at]);
  const off = states.filter(one => one.state !== 'STATE_OK');
  return (
    <>
      <div className="hand">
        <label htmlFor="hand">
          At <b>{hand >= 1000 ? 'this moment' : absolute(at, utc)}</b>
          <span className="dim">
            {' '}
            {hand >= 1000 ? zoneName(utc) : relative(at, now)}: {states.length} resources,{' '}
            {off.length === 0 ? 'all ok' : `${off.length} not ok`}
          </span>
        </label>
        <input
          id="hand"
          type="range"
          min="0"
          max="1000"
          value={hand}
          aria-valuetext={hand >= 1000 ? 'now' : absolute(at, utc)}
          onChange={event => setHand(Number(event.target.value))}
        />
        <div className="hand-ends dim">
          <span>{short(from, now, utc)}</span>
          <span>now</span>
        </div>
      </div>
      {shown.length === 0 && <Empty title="Nothing changed in this time" />}
      <div className="lanes" role="list" aria-label="Resources over time">
        {shown.map(lane => (
          <LaneView key={lane.id} lane={lane} from={from} length={length} hand={hand} />
        ))}
      </div>
      {(all ? lanes : eventful).length > shownLanes && (
        <p className="dim">Only the first {shownLanes} are drawn.</p>
      )}
      {lanes.length > eventful.length && (
        <button type="button" onClick={() => setAll(!all)}>
          {all ? 'Only those that changed' : `Show the ${lanes.length - eventful.length} quiet ones too`}
        </button>
      )}
      {off.length > 0 && (
        <section aria-label="Not ok at this time">
          <h2>Not ok {hand >= 1000 ? 'now' : 'then'}</h2>
          <ul className="groups">
            {off.slice(0, 100).map(one => (
              <li key={one.id} className="group">
                <div className="plain-head">
                  <code>{one.id}</code>
                  <StateBadge state={one.state} />
                  {one.actor && <Who actor={one.actor} />}
                </div>
                <div className="group-detail">
                  <Differences list={one.differences} />
                  {one.error && <pre className="error-text">{one.error}</pre>}
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function LaneView({ lane, from, length, hand }: { lane: Lane; from: number; length: number; hand: number }) {
  const last = lane.spans[lane.spans.length - 1];
  const text = `${lane.id}: ${lane.spans.length} spans, ${stateWord(last?.state)} at the end`;
  return (
    <div className="lane" role="listitem">
      <code title={lane.id}>{lane.id}</code>
      <svg viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label={text}>
        {lane.spans.map((span, at) => {
          const x = ((span.from - from) / length) * 1000;
          const width = Math.max(3, ((span.to - span.from) / length) * 1000);
          return (
            <rect key={at} className={`is-${stateWord(span.state)}`} x={x} y="2" width={width} height="12" />
          );
        })}
        <line x1={hand} x2={hand} y1="0" y2="16" className="hand-line" />
      </svg>
    </div>
  );
}
