// SPDX-License-Identifier: Apache-2.0
// The map of hosts by controls. One stop for the tab key; arrows go from cell to cell. Only rows near the window are
// there, and so many controls at a time.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type SyntheticEvent } from 'react';
import type { ControlSummary, HostSummary } from '../api/types';
import type { Cells } from '../lib/compliance';
import { href } from '../lib/route';
import { glyph, HostLink } from '../ui/bits';
import { useParam, useRouter } from '../ui/place';
import { Space } from '../ui/table';
import { evenOffsets, useVisible } from '../ui/virtual';

const rowHeight = 30;
const perPage = 40;

interface Props {
  hosts: readonly HostSummary[];
  controls: readonly ControlSummary[];
  cells: Cells;
}

export function HeatMap({ hosts, controls, cells }: Props) {
  const { place } = useRouter();
  const { filter = '', at = '' } = place.params;
  const [from, setFrom] = useParam('from', '0');
  const start = Math.min(Math.max(0, Number(from) || 0), Math.max(0, controls.length - 1));
  const shown = useMemo(() => controls.slice(start, start + perPage), [controls, start]);
  const body = useRef<HTMLTableSectionElement>(null);
  const offsets = useMemo(() => evenOffsets(hosts.length, rowHeight), [hosts.length]);
  const { first, end } = useVisible(body, offsets);
  const [active, setActive] = useState<readonly [number, number]>([0, 0]);
  const [wanted, setWanted] = useState('');
  const [pointed, setPointed] = useState('');
  const row = Math.min(active[0], hosts.length - 1);
  const column = Math.min(active[1], shown.length - 1);
  // The one that the tab key reaches is always there.
  const reached = row >= first && row < end ? row : first;

  useEffect(() => {
    if (wanted === '') return;
    const cell = body.current?.querySelector<HTMLElement>(`[data-at="${wanted}"]`);
    if (!cell) return;
    cell.focus();
    setWanted('');
  }, [wanted, first, end]);

  const go = (toRow: number, toColumn: number) => {
    const target = [
      Math.max(0, Math.min(hosts.length - 1, toRow)),
      Math.max(0, Math.min(shown.length - 1, toColumn)),
    ] as const;
    if (target[0] < first || target[0] >= end) {
      const top = (body.current?.getBoundingClientRect().top ?? 0) + scrollY + offsets[target[0]]!;
      scrollTo(0, top - innerHeight / 2);
    }
    setActive(target);
    setWanted(target.join(' '));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).matches('.cell')) return;
    if (event.key === 'ArrowRight') go(reached, column + 1);
    else if (event.key === 'ArrowLeft') go(reached, column - 1);
    else if (event.key === 'ArrowDown') go(reached + 1, column);
    else if (event.key === 'ArrowUp') go(reached - 1, column);
    else if (event.key === 'Home') go(0, column);
    else if (event.key === 'End') go(hosts.length - 1, column);
    else return;
    event.preventDefault();
  };
  const point = (event: SyntheticEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('.cell');
    if (!cell) return;
    setPointed(cell.getAttribute('aria-label') ?? '');
    if (event.type !== 'focus') return;
    const [atRow = 0, atColumn = 0] = (cell.dataset.at ?? '').split(' ').map(Number);
    setActive([atRow, atColumn]);
  };
  return (
    <section className="tiles-box heat" aria-label="Hosts by controls">
      <p className={pointed ? 'readout' : 'readout dim'}>
        {pointed || 'Point at a cell, or walk with the arrow keys. Enter shows the evidence.'}
      </p>
      <div className="heat-box">
        <table aria-rowcount={hosts.length + 1} onKeyDown={onKeyDown} onMouseOver={point} onFocus={point}>
          <caption className="unseen">How each host stands to each control</caption>
          <thead>
            <tr>
              <th scope="col">Host</th>
              {shown.map(one => (
                <th key={one.id} scope="col" className="heat-control">
                  <a href={href(['compliance', one.id ?? ''], { filter, at })} title={one.title || undefined}>
                    {one.id}
                  </a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            <Space height={first * rowHeight} columns={shown.length + 1} />
            {hosts.slice(first, end).map((host, i) => (
              <tr key={host.host} aria-rowindex={first + i + 2}>
                <th scope="row">
                  <HostLink name={host.host ?? ''} />
                </th>
                {shown.map((control, j) => {
                  const word = cells.word(host, control);
                  return (
                    <td key={control.id}>
                      <a
                        className={`cell is-${word.replace(/ /g, '-')}`}
                        href={href(['compliance', control.id ?? ''], { filter, at, host: host.host ?? '' })}
                        data-at={`${first + i} ${j}`}
                        tabIndex={first + i === reached && j === column ? 0 : -1}
                        aria-label={`${host.host}, ${control.id}: ${word}`}
                      >
                        {word === 'compliant' ? '' : glyph(word)}
                      </a>
                    </td>
                  );
                })}
              </tr>
            ))}
            <Space height={(hosts.length - end) * rowHeight} columns={shown.length + 1} />
          </tbody>
        </table>
      </div>
      <p className="legend">
        {['not compliant', 'unknown', 'waived', 'compliant', 'not applicable'].map(word => (
          <span key={word}>
            <span aria-hidden="true" className={`cell is-${word.replace(/ /g, '-')}`}>
              {word === 'compliant' ? '' : glyph(word)}
            </span>{' '}
            {word}
          </span>
        ))}
      </p>
      {controls.length > perPage && (
        <p className="tools">
          <button
            type="button"
            disabled={start === 0}
            onClick={() => setFrom(String(Math.max(0, start - perPage)))}
          >
            Controls before
          </button>
          {start + 1} to {start + shown.length} of {controls.length}
          <button
            type="button"
            disabled={start + perPage >= controls.length}
            onClick={() => setFrom(String(start + perPage))}
          >
            Controls behind
          </button>
        </p>
      )}
    </section>
  );
}
