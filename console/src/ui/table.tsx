// SPDX-License-Identifier: Apache-2.0
// A table of any length: only the rows near the window are there.
import { useMemo, useRef, type ReactNode } from 'react';
import { evenOffsets, useVisible } from './virtual';

export interface TableColumn<Row> {
  key: string;
  title: string;
  className?: string;
  sortable?: boolean;
  cell: (row: Row) => ReactNode;
}

interface Props<Row> {
  caption: string;
  columns: readonly TableColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  sort?: string; // "column" or "-column".
  onSort?: (sort: string) => void;
  chosen?: string;
}

const rowHeight = 37;

export function Table<Row>({ caption, columns, rows, rowKey, sort = '', onSort, chosen }: Props<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const offsets = useMemo(() => evenOffsets(rows.length, rowHeight), [rows.length]);
  const { first, end } = useVisible(body, offsets);
  const sorted = (key: string) =>
    sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : undefined;
  return (
    <div className="table-box" role="region" aria-label={caption} tabIndex={0}>
      <table className="table" aria-rowcount={rows.length + 1}>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column.key} scope="col" className={column.className} aria-sort={sorted(column.key)}>
                {column.sortable && onSort ? (
                  <button
                    type="button"
                    onClick={() => onSort(sort === column.key ? `-${column.key}` : column.key)}
                  >
                    {column.title}
                    <span aria-hidden="true" className="arrow">
                      {sort === column.key ? '▲' : sort === `-${column.key}` ? '▼' : ''}
                    </span>
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Space height={first * rowHeight} columns={columns.length} />
          {rows.slice(first, end).map((row, at) => (
            <tr
              key={rowKey(row)}
              aria-rowindex={first + at + 2}
              className={chosen === rowKey(row) ? 'chosen' : ''}
            >
              {columns.map(column => (
                <td key={column.key} className={column.className}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Space height={(rows.length - end) * rowHeight} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

// The rows that are not drawn: as high as they would be.
export function Space({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true" className="space">
      <td colSpan={columns} height={height} />
    </tr>
  );
}
