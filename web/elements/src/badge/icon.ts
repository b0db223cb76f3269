import { css, nothing, svg, type TemplateResult } from "lit";
import { LEVELS, type Level } from "./level";

/**
 * Each level has an outline of its own, so that nobody needs its colour: a coin, a hexagon, a sun, a star of eight
 * points. Its rim is cut into facets with the light from above on the left.
 */
const OUTLINES: Record<Level, { corners: number; outer: number[]; inner: number[] }> = {
  bronze: { corners: 40, outer: [20.5], inner: [16] },
  silver: { corners: 6, outer: [22], inner: [16.5] },
  gold: { corners: 24, outer: [22.5, 18.5], inner: [15] },
  platinum: { corners: 16, outer: [23.5, 17.5], inner: [15.5, 14] },
};
const CENTRE = 24;
const TONES = ["dark", "mid", "light"] as const;
const LIGHT_FROM = (-3 * Math.PI) / 4;

type Point = [number, number];

/** Corners around the centre from the top on, at the distances by turns. */
function corners(count: number, distances: number[]): Point[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count - Math.PI / 2;
    const distance = distances[index % distances.length] ?? 0;
    return [CENTRE + distance * Math.cos(angle), CENTRE + distance * Math.sin(angle)];
  });
}

function path(points: Point[]): string {
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}z`;
}

/** The facets between outline and plate, by how much light each gets. */
function facets(outer: Point[], inner: Point[]): Record<(typeof TONES)[number], string> {
  const paths = { dark: "", mid: "", light: "" };
  outer.forEach((corner, index) => {
    const next = (index + 1) % outer.length;
    const [to, innerTo, innerFrom] = [outer[next], inner[next], inner[index]];
    if (!to || !innerTo || !innerFrom) return;
    // At right angles to the outer edge, away from the centre.
    const lit = Math.cos(Math.atan2(-(to[0] - corner[0]), to[1] - corner[1]) - LIGHT_FROM);
    const tone = lit > 0.35 ? "light" : lit < -0.35 ? "dark" : "mid";
    paths[tone] += path([corner, to, innerTo, innerFrom]);
  });
  return paths;
}

const HEART = "M24 30.6 16.4 23a5 5 0 0 1 7.1-7.1l.5.6.5-.6a5 5 0 0 1 7.1 7.1z";

/** Under the heart: one for bronze to four for platinum. */
function pips(level: Level): string {
  const count = LEVELS.indexOf(level) + 1;
  return Array.from({ length: count }, (_, index) => {
    const x = CENTRE + (index - (count - 1) / 2) * 3.6 - 1.1;
    return `M${x.toFixed(2)} 33.6a1.1 1.1 0 1 0 2.2 0a1.1 1.1 0 1 0-2.2 0z`;
  }).join("");
}

/** The picture of a level; without a label it is an ornament beside words. */
export function icon(level: Level, label?: string): TemplateResult {
  const outline = OUTLINES[level];
  const outer = corners(outline.corners, outline.outer);
  const inner = corners(outline.corners, outline.inner);
  const tones = facets(outer, inner);
  return svg`<svg
    class="icon ${level}"
    part="icon"
    viewBox="0 0 48 48"
    role=${label ? "img" : nothing}
    aria-label=${label ?? nothing}
    aria-hidden=${label ? nothing : "true"}
  >
    ${TONES.map((tone) => svg`<path class=${tone} d=${tones[tone]} />`)}
    <path class="plate" d=${path(inner)} />
    <path class="edge" d=${path(outer)} />
    <path class="ink" d=${HEART + pips(level)} />
  </svg>`;
}

export const iconStyles = css`
  .icon {
    display: block;
    flex: none;
    width: 1.5em;
    height: 1.5em;
  }

  .bronze {
    --_light: #f0bd8d;
    --_mid: #cd7f32;
    --_dark: #8f5119;
    --_plate: #dd9a58;
    --_ink: #53290a;
  }

  .silver {
    --_light: #f7f9fa;
    --_mid: #c0c0c0;
    --_dark: #868f97;
    --_plate: #dde1e4;
    --_ink: #3f4850;
  }

  .gold {
    --_light: #fff3b0;
    --_mid: #ffd700;
    --_dark: #c29000;
    --_plate: #ffe34d;
    --_ink: #664600;
  }

  .platinum {
    --_light: #fff;
    --_mid: #e5e4e2;
    --_dark: #9fb3c8;
    --_plate: #f4f7fa;
    --_ink: #1f4468;
  }

  .light {
    fill: var(--_light);
  }

  .mid {
    fill: var(--_mid);
  }

  .dark {
    fill: var(--_dark);
  }

  .plate {
    fill: var(--_plate);
  }

  .ink {
    fill: var(--_ink);
  }

  .edge {
    fill: none;
    stroke: var(--_ink);
    stroke-width: 1;
    stroke-linejoin: round;
  }
`;
