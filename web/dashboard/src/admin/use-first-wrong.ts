import { type RefObject, useEffect, useRef, useState } from "react";

/** Takes the focus to the first field that is wrong, where an attempt found one. */
export function useFirstWrong<E extends HTMLElement>(): [RefObject<E | null>, () => void] {
  const fields = useRef<E>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (tries > 0) fields.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [tries]);
  return [fields, () => setTries((before) => before + 1)];
}
