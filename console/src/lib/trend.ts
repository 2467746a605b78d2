// SPDX-License-Identifier: Apache-2.0
// Scores over time: which moments are asked for, and the line through them.
import type { TrendPoint } from '../api/types';
import { applies } from './compliance';
import { toMs } from './time';

export const trendSpans = [
  ['1h', '1 hour'],
  ['1d', '1 day'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
] as const;
export type TrendSpan = (typeof trendSpans)[number][0];

// Who did not choose sees the first of these in which something is known.
export const usualSpans: readonly TrendSpan[] = ['7d', '1d', '1h'];

const minute = 60_000;
const hour = 60 * minute;

// How often a span has another moment to ask for; days have theirs at midnight, wherever that is.
export const everyOf = (span: TrendSpan): number => (span === '1h' ? 2 * minute : hour);

// The moments before `end` that a span is drawn through, oldest first: every other minute of an hour, every hour of a
// day, the midnights of more.
export function momentsOf(end: number, span: TrendSpan, utc: boolean): number[] {
  const moments = [];
  if (span === '1h' || span === '1d') {
    const every = everyOf(span);
    const all = (span === '1h' ? hour : 24 * hour) / every;
    for (let back = all; back >= 0; back--) moments.push(Math.floor(end / every) * every - back * every);
  } else {
    for (let back = parseInt(span, 10) - 1; back >= 0; back--) {
      const day = new Date(end);
      if (utc) {
        day.setUTCHours(0, 0, 0, 0);
        day.setUTCDate(day.getUTCDate() - back);
      } else {
        day.setHours(0, 0, 0, 0);
        day.setDate(day.getDate() - back);
      }
      moments.push(day.getTime());
    }
  }
  return moments.filter(moment => moment < end);
}

export const anyApplies = (points: readonly TrendPoint[]): boolean =>
  points.some(point => applies(point.counts) > 0);

export interface Dot {
  x: number;
  y: number;
  at: number;
  score: number;
}

// Where each score stands in a picture of this size; null where nothing applied.
export function dots(points: readonly TrendPoint[], width: number, height: number): (Dot | null)[] {
  const times = points.map(point => toMs(point.atUs));
  const from = times[0] ?? 0;
  const span = Math.max(1, (times[times.length - 1] ?? 0) - from);
  return points.map((point, i) => {
    if (applies(point.counts) === 0) return null;
    const score = point.counts?.score ?? 0;
    return { x: ((times[i]! - from) / span) * width, y: (1 - score) * height, at: times[i]!, score };
  });
}

const place = (dot: Dot) => `${dot.x.toFixed(1)} ${dot.y.toFixed(1)}`;

// An SVG path; a moment where nothing applied is a gap. A moment alone is a point, which round ends show.
export function path(line: readonly (Dot | null)[]): string {
  return line.map((dot, i) => (!dot ? '' : line[i - 1] ? `L${place(dot)}` : `M${place(dot)}h0`)).join('');
}

// The moments themselves, each a point.
export function marks(line: readonly (Dot | null)[]): string {
  return line.map(dot => (dot ? `M${place(dot)}h0` : '')).join('');
}
