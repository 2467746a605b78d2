// SPDX-License-Identifier: Apache-2.0
// The time that a page is about, in its address.
import { absolute, relative, zoneName } from '../lib/time';
import { useParam } from './place';
import { useNow, useSettings } from './settings';

// Milliseconds since 1970; 0: now.
export function useAt(): number {
  const [at] = useParam('at');
  return Date.parse(at) || 0;
}

export function AtBar() {
  const [, setText] = useParam('at');
  const at = useAt();
  const now = useNow();
  const { utc } = useSettings();
  const set = (value: string) => {
    const ms = value === '' ? 0 : Date.parse(utc ? `${value}Z` : value);
    setText(ms > 0 ? new Date(Math.min(ms, Date.now())).toISOString() : '');
  };
  return (
    <>
      <label className="select">
        As of
        <input
          type="datetime-local"
          max={absolute(now, utc).slice(0, 16).replace(' ', 'T')}
          value={at > 0 ? absolute(at, utc).slice(0, 16).replace(' ', 'T') : ''}
          onChange={event => set(event.target.value)}
        />
      </label>
      {at > 0 && (
        <p className="notice past">
          As it was {relative(at, now)}, at {absolute(at, utc)} {zoneName(utc)}. Labels, channels and who is
          connected are those of now.{' '}
          <button type="button" onClick={() => setText('')}>
            Back to now
          </button>
        </p>
      )}
    </>
  );
}
