// SPDX-License-Identifier: Apache-2.0
// Times as people read them. The server speaks microseconds since 1970; here they are milliseconds.
import type { Micros } from '../api/types';

// 0: there is no such time.
export function toMs(micros: Micros | undefined): number {
  const value = Number(micros ?? 0);
  return Number.isFinite(value) ? Math.round(value / 1000) : 0;
}

export function toMicros(ms: number): string {
  return String(Math.round(ms) * 1000);
}

const steps: [number, string][] = [
  [60_000, 's'],
  [3_600_000, 'min'],
  [86_400_000, 'h'],
  [86_400_000 * 60, 'd'],
  [86_400_000 * 730, 'months'],
  [Infinity, 'years'],
];
const sizes: Record<string, number> = {
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  months: 86_400_000 * 30.4,
  years: 86_400_000 * 365.25,
};

// "just now", "40 s ago", "3 h ago", "in 5 d".
export function relative(ms: number, now: number): string {
  const gone = Math.abs(now - ms);
  // The clock that pages go by is a few seconds behind at times.
  if (gone < 2000 || (ms > now && gone < 10_000)) return 'just now';
  const unit = (steps.find(([below]) => gone < below) ?? steps[steps.length - 1]!)[1];
  const amount = `${Math.floor(gone / sizes[unit]!)} ${unit}`;
  return ms <= now ? `${amount} ago` : `in ${amount}`;
}

// How long something took: "120 ms", "3.4 s", "2 min 5 s", "5 h 12 min".
export function duration(ms: number): string {
  if (ms < 1) return `${Math.max(0, Math.round(ms * 1000))} µs`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.floor((ms % 86_400_000) / 3_600_000)} h`;
}

const two = (value: number) => String(value).padStart(2, '0');

// "2026-11-23 14:05:09", in the browser's zone or in UTC.
export function absolute(ms: number, utc: boolean): string {
  const d = new Date(ms);
  return utc
    ? `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`
    : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// "14:05" on the day of `now`, "Nov 23 14:05" on another.
export function short(ms: number, now: number, utc: boolean): string {
  const text = absolute(ms, utc);
  return text.slice(0, 10) === absolute(now, utc).slice(0, 10) ? text.slice(11, 16) : text.slice(5, 16);
}

export function zoneName(utc: boolean): string {
  return utc ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

// "1h", "7d" … as milliseconds; 0 for anything else.
export function parseSpan(text: string): number {
  const match = /^(\d{1,4})(min|h|d)$/.exec(text);
  return match ? Number(match[1]) * sizes[match[2]!]! : 0;
}

// Moments that part the last `span` ("1h", "1d", "7d", "30d") into equal pieces by the clock: five minutes, hours,
// quarters of days, days. Oldest first; the last one is the end of the piece that `now` is in.
export function pieces(now: number, span: string, utc: boolean): number[] {
  const size = { '1h': 5 * sizes.min!, '1d': sizes.h! }[span];
  if (size !== undefined) {
    const count = Math.round(parseSpan(span) / size);
    const end = (Math.floor(now / size) + 1) * size;
    return Array.from({ length: count + 1 }, (_, i) => end - (count - i) * size);
  }
  const days = Math.max(1, Math.round(parseSpan(span) / sizes.d!));
  const hours = days <= 7 ? [0, 6, 12, 18] : [0];
  const moments = [];
  for (let back = days - 1; back >= -1; back--) {
    for (const hour of hours) {
      const day = new Date(now);
      if (utc) {
        day.setUTCHours(hour, 0, 0, 0);
        day.setUTCDate(day.getUTCDate() - back);
      } else {
        day.setDate(day.getDate() - back);
        day.setHours(hour, 0, 0, 0);
      }
      moments.push(day.getTime());
    }
  }
  return moments.slice(0, moments.findIndex(moment => moment > now) + 1);
}
