// SPDX-License-Identifier: Apache-2.0
// The small parts that every page is made of.
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import type { Actor, DriftOutcome, Micros, RunCounts, State } from '../api/types';
import { certaintyText, outcomeText, who } from '../lib/drift';
import { healthText, type Health } from '../lib/health';
import { href } from '../lib/route';
import { absolute, relative, toMs, zoneName } from '../lib/time';
import { useNow, useSettings } from './settings';

export function Time({ us, none = 'never' }: { us: Micros | undefined; none?: string }) {
  const now = useNow();
  const { utc, exact } = useSettings();
  const ms = toMs(us);
  if (ms === 0) return <span className="dim">{none}</span>;
  const full = absolute(ms, utc);
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      title={exact ? relative(ms, now) : `${full} ${zoneName(utc)}`}
    >
      {exact ? full : relative(ms, now)}
    </time>
  );
}

export const stateWord = (state: State | string | undefined): string =>
  (state ?? 'STATE_UNKNOWN').replace('STATE_', '').toLowerCase();

const glyphs: Record<string, string> = {
  ok: '✓',
  failed: '!',
  drifted: '≠',
  changed: '↻',
  corrected: '↻',
  skipped: '»',
  blocked: '■',
  reverted: '↶',
  unknown: '?',
  silent: '…',
  attention: '?',
  behind: '‹',
  paused: '‖',
  new: '·',
  revoked: '×',
  open: '≠',
  ended: '✓',
  'not corrected': '!',
  compliant: '✓',
  'not compliant': '!',
  waived: '~',
  'not applicable': '',
  'not listed': '·',
  'compliant or not applicable': '',
};
export const glyph = (word: string): string => glyphs[word] ?? '·';

export function Badge({ kind, children }: { kind: string; children?: ReactNode }) {
  return (
    <span className={`badge is-${kind.replace(/ /g, '-')}`}>
      <span aria-hidden="true" className="glyph">
        {glyph(kind)}
      </span>
      {children ?? kind}
    </span>
  );
}

export const StateBadge = ({ state }: { state: State | undefined }) => <Badge kind={stateWord(state)} />;
export const HealthBadge = ({ health }: { health: Health }) => (
  <Badge kind={health}>{healthText[health]}</Badge>
);
export const OutcomeBadge = ({ outcome }: { outcome: DriftOutcome | undefined }) => (
  <Badge kind={outcomeText[outcome ?? 'DRIFT_OPEN']} />
);

export const HostLink = ({ name, tab }: { name: string; tab?: string }) => (
  <a className="name" href={href(tab ? ['hosts', name, tab] : ['hosts', name])}>
    {name}
  </a>
);
export const RevisionLink = ({ name }: { name: string | undefined }) =>
  name ? <a href={href(['revisions', name])}>{name}</a> : <span className="dim">none</span>;

// Who changed something: a sentence, how sure it is, and what exactly was run.
export function Who({ actor, full = false }: { actor: Actor | undefined; full?: boolean }) {
  const text = who(actor);
  if (text === '') return <span className="dim">{actor?.note && full ? actor.note : 'not known'}</span>;
  return (
    <span className="who">
      {text}
      {actor?.certainty === 'PROBABLE' && <span className="dim"> (probably)</span>}
      {full && actor?.command && (
        <code className="command" title={`${certaintyText(actor)}, process ${actor.pid ?? ''}`}>
          {actor.command}
        </code>
      )}
      {full && actor?.note && <span className="dim"> {actor.note}</span>}
    </span>
  );
}

const countOrder = [
  'failed',
  'drifted',
  'blocked',
  'skipped',
  'unknown',
  'reverted',
  'changed',
  'ok',
] as const;

// The counts that are not 0, the worst first.
export function Counts({ counts }: { counts: RunCounts | undefined }) {
  const shown = countOrder.filter(state => (counts?.[state] ?? 0) > 0);
  if (shown.length === 0) return <span className="dim">nothing</span>;
  return (
    <span className="counts">
      {shown.map(state => (
        <span key={state} className={`count is-${state}`}>
          <b>{counts?.[state]}</b> {state}
        </span>
      ))}
    </span>
  );
}

export function Page({
  title,
  aside,
  children,
}: {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const text = typeof title === 'string' ? title : '';
  useEffect(() => {
    document.title = text ? `${text} – Fettle` : 'Fettle';
  }, [text]);
  return (
    <>
      <div className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 64 40" aria-hidden="true">
        <path d="M6 8h52M6 20h36M6 32h20" />
        <circle cx="52" cy="30" r="6" />
      </svg>
      <p className="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div className="loading" role="status">
      <span className="bars" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      Asking for {what} …
    </div>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  const title =
    known?.code === 'invalid_argument'
      ? 'That question was not understood'
      : known?.code === 'not_found'
        ? 'There is no such thing'
        : known?.code === 'permission_denied'
          ? 'Your role does not allow this'
          : known?.code === 'unavailable'
            ? 'The server does not answer'
            : 'Something went wrong';
  return (
    <div className="problem" role="alert">
      <p className="empty-title">{title}</p>
      <pre>{error instanceof Error ? error.message : String(error)}</pre>
      {retry && known?.code !== 'invalid_argument' && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

// The answer of a query, or why there is none yet. An old answer stays while a new one fails, with the failure above it.
export function Answer<T>({
  query,
  what,
  children,
}: {
  query: UseQueryResult<T>;
  what: string;
  children: (data: T) => ReactNode;
}) {
  const { data, error, isPending, refetch } = query;
  const late = useLate(isPending && !error);
  return (
    <>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {isPending && !error && late && <Loading what={what} />}
      {data !== undefined && !(error && query.isPlaceholderData) && children(data)}
    </>
  );
}

// True once `waiting` has been true for a moment: quick answers show no spinner.
function useLate(waiting: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setTimeout(() => setLate(true), 150);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [waiting]);
  return late;
}

// A choice among a few words, as radio buttons that look like one switch.
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <fieldset className="choice">
      <legend className="unseen">{label}</legend>
      {options.map(([key, text]) => (
        <label key={key} className={key === value ? 'chosen' : ''}>
          <input type="radio" name={id} checked={key === value} onChange={() => onChange(key)} />
          {text}
        </label>
      ))}
    </fieldset>
  );
}

// A row of facts: word and value.
export function Pairs({ pairs }: { pairs: readonly (readonly [string, ReactNode] | null)[] }) {
  return (
    <dl className="pairs">
      {pairs.map(
        pair =>
          pair && (
            <div key={pair[0]}>
              <dt>{pair[0]}</dt>
              <dd>{pair[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
