import type { ReactNode } from "react";

/** From which width on a column is shown; the row's own page has what is left out below. */
type From = "md" | "lg";

export interface Column<R> {
  head: string;
  cell: (row: R) => ReactNode;
  /** Amounts and counts: at the end of the line. */
  end?: boolean;
  from?: From;
}

interface TableProps<R> {
  caption: string;
  /** The first one names the row. */
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R) => string;
}

const HEADS: Record<From, string> = {
  md: "hidden md:table-cell",
  lg: "hidden lg:table-cell",
};

/**
 * A table, which on narrow screens is a list: each cell is a line with its column's name before it. Roles are
 * written out because browsers take them away where cells are not laid out as such.
 */
export function Table<R>({ caption, columns, rows, rowKey }: TableProps<R>) {
  return (
    <table role="table" className="figures block w-full border-collapse text-left text-sm sm:table">
      <caption className="sr-only">{caption}</caption>
      <thead role="rowgroup" className="sr-only sm:not-sr-only sm:table-header-group">
        <tr role="row" className="border-b border-line">
          {columns.map((column) => (
            <th
              key={column.head}
              scope="col"
              role="columnheader"
              className={`pb-2 align-top font-medium text-ink-soft ${sideOf(column)} ${column.from ? HEADS[column.from] : ""}`}
            >
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" className="block sm:table-row-group">
        {rows.map((row) => (
          <tr
            key={rowKey(row)}
            role="row"
            className="block border-b border-line py-2.5 first:pt-0 last:border-0 last:pb-0 sm:table-row"
          >
            {columns.map((column, index) => (
              <Cell key={column.head} column={column} row={row} first={index === 0} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<R>({ column, row, first }: { column: Column<R>; row: R; first: boolean }) {
  const content = column.cell(row);
  if (first) {
    return (
      <th
        scope="row"
        role="rowheader"
        className={`block align-top font-normal wrap-anywhere sm:table-cell sm:min-w-32 sm:py-2.5 ${sideOf(column)}`}
      >
        {content}
      </th>
    );
  }
  const shown = column.from ? HEADS[column.from] : "flex sm:table-cell";
  return (
    <td
      role="cell"
      className={`justify-between gap-x-4 py-0.5 align-top wrap-anywhere sm:py-2.5 ${shown} ${sideOf(column)}`}
    >
      {hasContent(content) && (
        <span aria-hidden="true" className="shrink-0 text-ink-soft sm:hidden">
          {column.head}
        </span>
      )}
      <span
        className={`min-w-0 text-right ${column.end ? "sm:whitespace-nowrap" : "sm:text-left"}`}
      >
        {content}
      </span>
    </td>
  );
}

function hasContent(content: ReactNode): boolean {
  return content !== null && content !== undefined && content !== false && content !== "";
}

function sideOf<R>(column: Column<R>): string {
  return column.end ? "sm:pl-3 sm:text-right" : "sm:pr-3";
}
