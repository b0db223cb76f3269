import type { ReactNode } from "react";

/** From which width on a column is shown; what a narrow screen leaves out stands on the row's own page. */
type From = "sm" | "md" | "lg";

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

const SHOWN: Record<From, string> = {
  sm: "hidden sm:table-cell",
  md: "hidden md:table-cell",
  lg: "hidden lg:table-cell",
};

export function Table<R>({ caption, columns, rows, rowKey }: TableProps<R>) {
  return (
    <table className="w-full border-collapse text-left text-sm figures">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr className="border-b border-line">
          {columns.map((column) => (
            <th key={column.head} scope="col" className={`${classOf(column)} pb-2 font-medium text-ink-soft`}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} className="border-b border-line last:border-0">
            {columns.map((column, index) =>
              index === 0 ? (
                <th key={column.head} scope="row" className={`${classOf(column)} py-2 font-normal`}>
                  {column.cell(row)}
                </th>
              ) : (
                <td key={column.head} className={`${classOf(column)} py-2`}>
                  {column.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Long ids and tools' names break rather than widen the page. */
function classOf<R>(column: Column<R>): string {
  const side = column.end ? "text-right pl-3 whitespace-nowrap" : "pr-3 wrap-anywhere";
  return `align-top ${side} ${column.from ? SHOWN[column.from] : ""}`;
}
