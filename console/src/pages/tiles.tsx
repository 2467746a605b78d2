// SPDX-License-Identifier: Apache-2.0
// A tile for every host. One stop for the tab key; arrows go from tile to tile.
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent, type SyntheticEvent } from 'react';
import { and } from '../lib/filter';
import { groupFilter, healths, healthText, type HostGroup, type HostRow } from '../lib/health';
import { href } from '../lib/route';
import { absolute } from '../lib/time';
import { glyph } from '../ui/bits';
import { useRouter } from '../ui/place';
import { useSettings } from '../ui/settings';
import { useVisible, useWidth } from '../ui/virtual';

const pitch = 26;
const headHeight = 44;

type Item =
  | { kind: 'head'; group: HostGroup; height: number }
  | { kind: 'row'; rows: readonly HostRow[]; start: number; height: number; last: boolean };

function layOut(
  groups: readonly HostGroup[],
  by: string,
  perRow: number,
): { items: Item[]; offsets: number[] } {
  const items: Item[] = [];
  let start = 0;
  for (const group of groups) {
    if (by !== '') items.push({ kind: 'head', group, height: headHeight });
    for (let at = 0; at < group.rows.length; at += perRow) {
      const rows = group.rows.slice(at, at + perRow);
      const last = at + perRow >= group.rows.length;
      items.push({ kind: 'row', rows, start, height: pitch + (last ? 6 : 0), last });
      start += rows.length;
    }
  }
  const offsets = [0];
  for (const item of items) offsets.push(offsets[offsets.length - 1]! + item.height);
  return { items, offsets };
}

export function Tiles({ groups, by }: { groups: readonly HostGroup[]; by: string }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const perRow = Math.max(1, Math.floor((width + 4) / pitch));
  const { items, offsets } = useMemo(() => layOut(groups, by, perRow), [groups, by, perRow]);
  const all = useMemo(() => groups.flatMap(group => group.rows), [groups]);
  const { first, end } = useVisible(box, offsets);
  const [active, setActive] = useState(0);
  const [wanted, setWanted] = useState(-1);
  const [pointed, setPointed] = useState<HostRow | null>(null);
  const current = Math.min(active, Math.max(0, all.length - 1));

  useEffect(() => {
    if (wanted < 0) return;
    const tile = box.current?.querySelector<HTMLElement>(`[data-at="${wanted}"]`);
    if (!tile) return;
    tile.focus();
    setWanted(-1);
  }, [wanted, first, end]);

  const go = (to: number) => {
    const target = Math.max(0, Math.min(all.length - 1, to));
    const item = items.findIndex(
      one => one.kind === 'row' && target >= one.start && target < one.start + one.rows.length,
    );
    if (item < first || item >= end) {
      const top = (box.current?.getBoundingClientRect().top ?? 0) + scrollY + offsets[item]!;
      scrollTo(0, top - innerHeight / 2);
    }
    setActive(target);
    setWanted(target);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: perRow,
      ArrowUp: -perRow,
    };
    const step = steps[event.key];
    if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(all.length - 1);
    else if (step !== undefined) go(current + step);
    else return;
    event.preventDefault();
  };
  const point = (event: SyntheticEvent) => {
    const at = (event.target as HTMLElement).closest<HTMLElement>('[data-at]')?.dataset.at;
    if (at === undefined) return;
    setPointed(all[Number(at)] ?? null);
    if (event.type === 'focus') setActive(Number(at));
  };
  return (
    <section className="tiles-box" aria-label="Hosts as tiles">
      <Readout row={pointed} />
      <div
        ref={box}
        className="tiles"
        onKeyDown={onKeyDown}
        onMouseOver={point}
        onFocus={point}
        style={{ height: offsets[offsets.length - 1] }}
      >
        <div className="tiles-window" style={{ transform: `translateY(${offsets[first] ?? 0}px)` }}>
          {items
            .slice(first, end)
            .map(item =>
              item.kind === 'head' ? (
                <Head key={`g ${item.group.name}`} group={item.group} by={by} />
              ) : (
                <TileRow
                  key={`r ${item.rows[0]!.name}`}
                  rows={item.rows}
                  start={item.start}
                  last={item.last}
                  active={current >= item.start && current < item.start + item.rows.length ? current : -1}
                />
              ),
            )}
        </div>
      </div>
    </section>
  );
}

const TileRow = memo(function TileRow(props: {
  rows: readonly HostRow[];
  start: number;
  active: number;
  last: boolean;
}) {
  return (
    <div className={props.last ? 'tile-row last' : 'tile-row'}>
      {props.rows.map((row, at) => (
        <a
          key={row.name}
          href={href(['hosts', row.name])}
          className={`tile is-${row.health}`}
          data-at={props.start + at}
          tabIndex={props.active === props.start + at ? 0 : -1}
          aria-label={`${row.name}, ${healthText[row.health]}`}
        >
          {row.health === 'ok' ? '' : glyph(row.health)}
        </a>
      ))}
    </div>
  );
});

function Head({ group, by }: { group: HostGroup; by: string }) {
  const { place } = useRouter();
  const filter = groupFilter(by, group.name);
  const name = group.name || `no ${by.replace('labels.', '')}`;
  const wrong = healths.filter(kind => kind !== 'ok' && group.counts[kind] > 0);
  return (
    <h2 className="group-head">
      {filter === '' ? (
        name
      ) : (
        <a href={href(['fleet'], { ...place.params, filter: and(place.params.filter ?? '', filter) })}>
          {name}
        </a>
      )}
      <span className="dim"> {group.rows.length.toLocaleString('en')}</span>
      {wrong.map(kind => (
        <span key={kind} className={`count is-${kind}`}>
          <b>{group.counts[kind]}</b> {healthText[kind]}
        </span>
      ))}
    </h2>
  );
}

// What the pointed or focused tile stands for.
function Readout({ row }: { row: HostRow | null }) {
  const { utc } = useSettings();
  if (!row)
    return <p className="readout dim">Point at a tile, or walk with the arrow keys. Enter opens the host.</p>;
  const { host } = row;
  return (
    <p className="readout">
      <b>{row.name}</b> {healthText[row.health]}
      <span className="dim">
        {host.openDrift ? `, ${host.openDrift} open drift` : ''}
        {host.revision ? `, ${host.revision}` : ''}
        {host.os ? `, ${host.os}` : ''}
        {host.lastSeenUs ? `, seen ${absolute(Number(host.lastSeenUs) / 1000, utc)}` : ''}
      </span>
    </p>
  );
}
