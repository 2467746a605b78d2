// SPDX-License-Identifier: Apache-2.0
// The resources of a host: by state, searched, and one of them in full.
import { useMemo } from 'react';
import type { ResourceState } from '../api/types';
import { duration } from '../lib/time';
import { Empty, glyph, Pairs, StateBadge, stateWord, Time, Who } from '../ui/bits';
import { Differences } from '../ui/diff';
import { useParam, useRouter } from '../ui/place';
import { Table, type TableColumn } from '../ui/table';

const order = ['failed', 'drifted', 'blocked', 'skipped', 'unknown', 'reverted', 'changed', 'ok'];

const watchingText: Record<string, string> = {
  WATCHING_EVENT: 'at once',
  WATCHING_POLL: 'polled',
  WATCHING_SWEEP: 'swept',
};

export function coverage(one: ResourceState): string {
  const word = watchingText[one.watching ?? ''] ?? 'not known';
  const worst = Number(one.worstUs ?? 0) / 1000;
  return worst > 0 && one.watching !== 'WATCHING_EVENT' ? `${word}, within ${duration(worst)}` : word;
}

export function Resources({ resources }: { resources: readonly ResourceState[] }) {
  const { set } = useRouter();
  const [only, setOnly] = useParam('state');
  const [text, setText] = useParam('q');
  const [chosen] = useParam('r');
  const counts = useMemo(() => {
    const out = new Map<string, number>();
    for (const one of resources) out.set(stateWord(one.state), (out.get(stateWord(one.state)) ?? 0) + 1);
    return out;
  }, [resources]);
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    const rank = (one: ResourceState) => order.indexOf(stateWord(one.state));
    return resources
      .filter(
        one => (!only || stateWord(one.state) === only) && (one.id ?? '').toLowerCase().includes(wanted),
      )
      .sort((a, b) => rank(a) - rank(b) || ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
  }, [resources, only, text]);
  const detail = chosen ? resources.find(one => one.id === chosen) : undefined;
  if (resources.length === 0) return <Empty title="Its resources are not known yet" />;
  return (
    <>
      <div className="tools">
        <div className="chips" role="group" aria-label="Show only">
          {order
            .filter(state => counts.has(state) || state === only)
            .map(state => (
              <button
                key={state}
                type="button"
                className={`chip is-${state}`}
                aria-pressed={only === state}
                onClick={() => setOnly(only === state ? '' : state)}
              >
                <span className="glyph" aria-hidden="true">
                  {glyph(state)}
                </span>
                <b>{counts.get(state) ?? 0}</b> {state}
              </button>
            ))}
        </div>
        <label className="search">
          <span className="unseen">Search resources</span>
          <input
            type="search"
            placeholder="Search resources"
            value={text}
            onChange={event => setText(event.target.value)}
          />
        </label>
      </div>
      <div className={detail ? 'split' : ''}>
        {shown.length === 0 ? (
          <Empty title="No resource fits" />
        ) : (
          <Table
            caption="Resources"
            columns={detail ? narrow : columns}
            rows={shown}
            rowKey={one => one.id ?? ''}
            chosen={chosen}
          />
        )}
        {detail && <Detail one={detail} onClose={() => set({ r: '' })} />}
      </div>
    </>
  );
}

function Pick({ id }: { id: string }) {
  const [chosen, setChosen] = useParam('r');
  return (
    <button
      type="button"
      className="pick"
      aria-expanded={chosen === id}
      onClick={() => setChosen(chosen === id ? '' : id)}
    >
      {id}
    </button>
  );
}

const columns: TableColumn<ResourceState>[] = [
  { key: 'id', title: 'Resource', className: 'widest', cell: one => <Pick id={one.id ?? ''} /> },
  { key: 'state', title: 'State', cell: one => <StateBadge state={one.state} /> },
  {
    key: 'since',
    title: 'Since',
    className: 'time',
    cell: one => <Time us={one.sinceUs} none="not known" />,
  },
  { key: 'seen', title: 'A change is seen', className: 'roomy', cell: coverage },
  {
    key: 'position',
    title: 'Declared at',
    className: 'roomy wide',
    cell: one => <code className="dim">{one.position}</code>,
  },
];
const narrow = columns.slice(0, 3);

function Detail({ one, onClose }: { one: ResourceState; onClose: () => void }) {
  return (
    <aside className="detail" aria-label={`Resource ${one.id}`}>
      <div className="detail-head">
        <h2>
          <code>{one.id}</code>
        </h2>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </div>
      <Pairs
        pairs={[
          ['State', <StateBadge key="s" state={one.state} />],
          ['Since', <Time key="t" us={one.sinceUs} none="not known" />],
          ['Declared at', <code key="p">{one.position || 'not known'}</code>],
          ['A change is seen', coverage(one) + (one.watchingWhy ? `: ${one.watchingWhy}` : '')],
          (one.controls ?? []).length > 0 ? ['Controls', (one.controls ?? []).join(', ')] : null,
          one.actor ? ['Changed by', <Who key="w" actor={one.actor} full />] : null,
          one.contended ? ['Contended', one.contended] : null,
        ]}
      />
      {one.error && <pre className="error-text">{one.error}</pre>}
      <Differences list={one.differences} />
    </aside>
  );
}
