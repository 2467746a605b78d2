// SPDX-License-Identifier: Apache-2.0
import { useMemo, useState } from 'react';
import { equals } from '../lib/filter';
import { href } from '../lib/route';
import { Empty } from '../ui/bits';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

// Leaves of a JSON value as "os.id" → text, in the order of their names.
export function flatten(value: Json, prefix = ''): [string, string][] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return Object.keys(value)
      .sort()
      .flatMap(key => flatten(value[key] as Json, prefix ? `${prefix}.${key}` : key));
  }
  if (Array.isArray(value)) {
    return value.every(one => one === null || typeof one !== 'object')
      ? [[prefix, value.join(', ')]]
      : value.flatMap((one, at) => flatten(one, `${prefix}.${at + 1}`));
  }
  return [[prefix, String(value)]];
}

export function Facts({ json }: { json: string }) {
  const [text, setText] = useState('');
  const facts = useMemo(() => {
    try {
      return flatten(JSON.parse(json) as Json);
    } catch {
      return [];
    }
  }, [json]);
  const shown = facts.filter(([name, value]) =>
    `${name} ${value}`.toLowerCase().includes(text.toLowerCase()),
  );
  if (facts.length === 0) return <Empty title="The host has not said anything of itself yet" />;
  return (
    <>
      <div className="tools">
        <label className="search">
          <span className="unseen">Search facts</span>
          <input
            type="search"
            placeholder="Search facts"
            value={text}
            onChange={event => setText(event.target.value)}
          />
        </label>
        <p className="dim">
          {shown.length} of {facts.length}
        </p>
      </div>
      <dl className="facts">
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value || <span className="dim">empty</span>}{' '}
              {/^[a-z_]+(\.[a-z_]+)*$/.test(name) && !value.includes(', ') && value !== '' && (
                <a className="same" href={href(['fleet'], { filter: equals(`facts.${name}`, value) })}>
                  same<span className="unseen"> {name} on other hosts</span>
                </a>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
