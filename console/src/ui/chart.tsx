// SPDX-License-Identifier: Apache-2.0
// Two pictures that need no library: bars over time, and shares of a whole.
import type { Bucket } from '../lib/time';
import { short } from '../lib/time';
import { useSettings } from './settings';

export function Bars({ buckets, what, now }: { buckets: readonly Bucket[]; what: string; now: number }) {
  const { utc } = useSettings();
  const most = buckets.reduce((a, b) => Math.max(a, b.count), 1);
  const total = buckets.reduce((a, b) => a + b.count, 0);
  const step = 1000 / Math.max(1, buckets.length);
  const from = buckets[0]?.from ?? now;
  return (
    <figure className="bars-over-time">
      <svg
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${total} ${what} over time`}
      >
        <line x1="0" x2="1000" y1="99.5" y2="99.5" className="axis" />
        {buckets.map((bucket, at) => {
          const height = bucket.count === 0 ? 0 : Math.max(3, (bucket.count / most) * 96);
          return (
            <rect key={at} x={at * step + 1} width={Math.max(1, step - 2)} y={99 - height} height={height}>
              <title>{`${bucket.count} from ${short(bucket.from, now, utc)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span>{short(from, now, utc)}</span>
        <span>
          {total} {what}, {most} at most in one bar
        </span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

export function Shares({
  parts,
  label,
}: {
  parts: readonly { kind: string; count: number }[];
  label: string;
}) {
  const total = parts.reduce((a, b) => a + b.count, 0) || 1;
  let at = 0;
  return (
    <svg className="shares" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map(part => {
        const width = (part.count / total) * 1000;
        const x = at;
        at += width;
        return <rect key={part.kind} className={`is-${part.kind}`} x={x} width={width} y="0" height="10" />;
      })}
    </svg>
  );
}
