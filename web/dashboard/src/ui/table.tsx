import type { ReactNode } from "react";

interface TableProps {
  /** Read aloud, and the name of the region that scrolls sideways on narrow screens. */
  caption: string;
  /** The header's cells: `Th`. */
  head: ReactNode;
  children: ReactNode;
}

export function Table({ caption, head, children }: TableProps) {
  return (
    <div role="region" aria-label={caption} tabIndex={0} className="-mx-1 overflow-x-auto px-1">
      <table className="figures w-full border-collapse text-left text-[0.9375rem]">
        <caption className="sr-only">{caption}</caption>
        <thead className="border-b border-line text-[0.8125rem] text-ink-soft sm:text-sm">
          <tr>{head}</tr>
        </thead>
        <tbody className="divide-y divide-line">{children}</tbody>
      </table>
    </div>
  );
}

interface CellProps {
  /** True: amounts and counts, whose digits stand beneath each other. */
  number?: boolean;
  children?: ReactNode;
  className?: string;
}

export function Th({ number, children, className = "" }: CellProps) {
  const side = number ? "text-right" : "";
  return (
    <th
      scope="col"
      className={`py-2 pr-2 font-medium last:pr-0 sm:pr-4 sm:last:pr-0 ${side} ${className}`}
    >
      {children}
    </th>
  );
}

export function Td({ number, children, className = "" }: CellProps) {
  const side = number ? "text-right whitespace-nowrap" : "";
  return (
    <td className={`py-3 pr-2 align-top last:pr-0 sm:pr-4 sm:last:pr-0 ${side} ${className}`}>
      {children}
    </td>
  );
}
