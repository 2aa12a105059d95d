import styles from './CallPicture.module.css';
import { type Call, type CallGraph, NODE, type PlacedNode } from './call-graph.js';

/** Who calls whom, as a picture; the list beside it says the same in words, by the same numbers. */
export function CallPicture({ graph: { width, height, nodes, calls } }: { graph: CallGraph }) {
  const place = new Map(nodes.map((node) => [node.name, node]));
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      className={styles.picture}
      role="img"
      aria-label="Who may call whom. The list that follows says the same."
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="10"
          markerHeight="10"
          markerUnits="userSpaceOnUse"
          orient="auto-start-reverse"
        >
          <path d="M0 0 8 4 0 8Z" className={styles.head} />
        </marker>
      </defs>
      {calls.map((call, index) => (
        <Line
          key={index}
          call={call}
          number={index + 1}
          from={place.get(call.caller)!}
          to={place.get(call.agent)!}
          width={width}
        />
      ))}
      {nodes.map(({ name, x, y, foreign }) => (
        <g key={name} transform={`translate(${x - NODE.width / 2} ${y - NODE.height / 2})`}>
          <rect {...NODE} rx="6" className={styles.node} data-foreign={foreign} />
          <text x={NODE.width / 2} y={NODE.height / 2} className={styles.name}>
            {shown(name)}
          </text>
        </g>
      ))}
    </svg>
  );
}

interface LineProps {
  call: Call;
  number: number;
  from: PlacedNode;
  to: PlacedNode;
  width: number;
}

function Line({ call, number, from, to, width }: LineProps) {
  const { path, x, y } = route(from, to, width);
  return (
    <g data-delegated={call.delegated} className={styles.call}>
      <path d={path} markerEnd="url(#arrow)" />
      <circle cx={x} cy={y} r="10" />
      <text x={x} y={y}>
        {number}
      </text>
    </g>
  );
}

/** Between neighbouring rows straight down; else round the outside, so that it crosses no third one. */
function route(from: PlacedNode, to: PlacedNode, width: number) {
  const rows = Math.round((to.y - from.y) / NODE.height / 2.4);
  if (rows === 1) {
    const start = from.y + NODE.height / 2;
    const end = to.y - NODE.height / 2;
    const spread = Math.sign(to.x - from.x) * 24;
    const [x1, x2] = [from.x + spread, to.x - spread];
    const middle = (start + end) / 2;
    return {
      path: `M${x1} ${start}C${x1} ${middle} ${x2} ${middle} ${x2} ${end}`,
      x: (x1 + x2) / 2,
      y: middle,
    };
  }
  const side = to.x >= from.x ? 1 : -1;
  const [x1, x2] = [from.x, to.x].map((x) => x + (side * NODE.width) / 2) as [number, number];
  const edge = side > 0 ? width - 14 : 14;
  return {
    path: `M${x1} ${from.y}C${edge} ${from.y} ${edge} ${from.y} ${edge} ${(from.y + to.y) / 2}S${edge} ${to.y} ${x2} ${to.y}`,
    x: edge,
    y: (from.y + to.y) / 2,
  };
}

/** Of a whole SPIFFE ID the end fits. */
function shown(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  return last.length > 16 ? `${last.slice(0, 15)}…` : last;
}
