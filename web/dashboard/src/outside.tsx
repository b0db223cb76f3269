import { useEffect } from "react";
import { useLocation } from "react-router";

import { Loading } from "./ui/skeleton";

/** Our mail links to the support pages below the dashboard's address; they lie beside it. */
export function Outside() {
  const { pathname, search } = useLocation();
  useEffect(() => {
    window.location.replace(pathname + search);
  }, [pathname, search]);
  return <Loading />;
}
