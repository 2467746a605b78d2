// SPDX-License-Identifier: Apache-2.0
import { useEffect, useId, useRef, useState } from 'react';
import { useParam } from './place';

// The filter of the address, as text that is sent to the server when it is entered. "/" goes to it.
export function FilterBar({ what }: { what: string }) {
  const [filter, setFilter] = useParam('filter');
  const [text, setText] = useState(filter);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setText(filter), [filter]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  return (
    <form
      className="filter"
      role="search"
      onSubmit={event => {
        event.preventDefault();
        setFilter(text.trim());
      }}
    >
      <label htmlFor={id} className="unseen">
        Filter {what}
      </label>
      <input
        ref={field}
        id={id}
        type="search"
        value={text}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        placeholder={`Filter ${what}, like web* or labels.role == web and drift > 0`}
        onChange={event => setText(event.target.value)}
        onBlur={() => setFilter(text.trim())}
      />
      <kbd aria-hidden="true">/</kbd>
      {filter !== '' && (
        <button type="button" className="quiet" onClick={() => setFilter('')}>
          Clear
        </button>
      )}
    </form>
  );
}
