// SPDX-License-Identifier: Apache-2.0
// Scores over time: which moments are asked for, and the line through them.
import type { TrendPoint } from '../api/types';
import { applies } from './compliance';
import { toMs } from './time';

// The midnights of the last `days` days, oldest first, and `now`.
export function midnights(now: number, days: number, utc: boolean): number[] {
  const moments = [];
  for (let back = days - 1; back >= 0; back--) {
    const day = new Date(now);
    if (utc) {
      day.setUTCHours(0, 0, 0, 0);
      day.setUTCDate(day.getUTCDate() - back);
    } else {
      day.setHours(0, 0, 0, 0);
      day.setDate(day.getDate() - back);
    }
    moments.push(day.getTime());
  }
  moments.push(now);
  return moments;
}

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

// An SVG path; a moment where nothing applied is a gap. A moment alone is a point, which round ends show.
export function path(line: readonly (Dot | null)[]): string {
  const place = (dot: Dot) => `${dot.x.toFixed(1)} ${dot.y.toFixed(1)}`;
  return line.map((dot, i) => (!dot ? '' : line[i - 1] ? `L${place(dot)}` : `M${place(dot)}h0`)).join('');
}
