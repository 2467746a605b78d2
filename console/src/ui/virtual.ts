// SPDX-License-Identifier: Apache-2.0
// Which items of a long list are near the window; the rest is empty space.
import { useEffect, useLayoutEffect, useState, type RefObject } from 'react';

// The first index whose offset is greater than `value`, less one.
export function indexAt(offsets: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

export interface Range {
  first: number;
  end: number;
}

// Items are between offsets[i] and offsets[i + 1], from the top of `box`. Follows the window's scrolling.
export function useVisible(
  box: RefObject<HTMLElement | null>,
  offsets: ArrayLike<number>,
  spare = 600,
): Range {
  const count = offsets.length - 1;
  const [range, setRange] = useState<Range>({ first: 0, end: Math.min(count, 40) });
  const look = () => {
    const top = -(box.current?.getBoundingClientRect().top ?? 0);
    const first = Math.min(indexAt(offsets, top - spare), Math.max(0, count - 1));
    const end = Math.min(count, indexAt(offsets, top + window.innerHeight + spare) + 1);
    setRange(old => (old.first === first && old.end === end ? old : { first, end }));
  };
  useLayoutEffect(look, [offsets]);
  useEffect(() => {
    let frame = 0;
    const later = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        look();
      });
    };
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [offsets]);
  return { first: Math.min(range.first, count), end: Math.min(range.end, count) };
}

// The width of an element, kept up to date.
export function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}

// [0, height, 2 * height, …]: of equal items.
export function evenOffsets(count: number, height: number): Float64Array {
  return Float64Array.from({ length: count + 1 }, (_, i) => i * height);
}
