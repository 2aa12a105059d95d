import IconFiles from '@tabler/icons-react/icons/IconFiles';
import IconShieldCheck from '@tabler/icons-react/icons/IconShieldCheck';
import IconUser from '@tabler/icons-react/icons/IconUser';
import { type Item, type Placed, pictureOf } from './layout.js';
import { shortened, shortName } from './names.js';
import styles from './ProofGraph.module.css';
import { rolesOf } from './verdict.js';
import type { VerifiedView } from './view.js';

interface Props {
  view: VerifiedView;
  account: string | undefined;
  selected: Item | undefined;
  onSelect: (item: Item) => void;
  /** ID of what is shown of the selected one. */
  details: string;
}

/** Height of a row, in rem: as the style sheet has it. */
const ROW = 5.5;
/** Of a row, what a node takes of it. */
const NODE = 4.25 / ROW;

/**
 * The statements as a picture: lines for the eye, and over them a list of buttons, in the order in which each was made
 * for the one before it.
 */
export function ProofGraph({ view, account, selected, onSelect, details }: Props) {
  const { placed, rows, lines } = pictureOf(view);
  const y = (row: number, share: number) => `${(row + share) * ROW}rem`;
  return (
    <div className={styles.picture} style={{ height: `${rows * ROW}rem` }}>
      <svg className={styles.lines} aria-hidden focusable="false">
        <defs>
          <marker
            id="proof-arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            orient="auto"
          >
            <path d="M0 0.5 7.5 4 0 7.5z" />
          </marker>
        </defs>
        {lines.map(({ from, to }) => (
          <line
            key={`${from.item} ${to.item}`}
            {...(from.row === to.row
              ? sideways(from, to, y)
              : { x1: `${from.x}%`, y1: y(from.row, NODE), x2: `${to.x}%`, y2: y(to.row, -0.02) })}
            markerEnd="url(#proof-arrow)"
          />
        ))}
      </svg>
      <ol className={styles.nodes}>
        {placed.map(({ item, row, x }) => (
          <li key={item} style={{ top: `${row * ROW}rem`, left: `${x}%` }}>
            <button
              type="button"
              className={styles.node}
              data-kind={typeof item === 'number' ? 'statement' : item}
              aria-expanded={selected === item}
              aria-controls={selected === item ? details : undefined}
              onClick={() => onSelect(item)}
            >
              <Label view={view} item={item} account={account} />
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Between two of one row: from edge to edge, whatever their width. */
function sideways(from: Placed, to: Placed, y: (row: number, share: number) => string) {
  const middle = (from.x + to.x) / 2;
  const half = from.x < to.x ? 2 : -2;
  return {
    x1: `${middle - half}%`,
    y1: y(from.row, NODE / 2),
    x2: `${middle + half}%`,
    y2: y(to.row, NODE / 2),
  };
}

function Label({ view, item, account }: Pick<Props, 'view' | 'account'> & { item: Item }) {
  const { nodes, sources } = view;
  if (item === 'person') {
    return (
      <>
        <IconUser size={18} aria-hidden />
        <span className={styles.name}>{account ?? 'a person'}</span>
        <span className={styles.role}>
          {account ? 'asked' : shortened(nodes[0]?.statement.sub ?? '')}
        </span>
      </>
    );
  }
  if (item === 'sources') {
    return (
      <>
        <IconFiles size={18} aria-hidden />
        <span className={styles.name}>
          {sources.length === 1 ? '1 source' : `${sources.length} sources`}
        </span>
        <span className={styles.role}>digests signed</span>
      </>
    );
  }
  return (
    <>
      <IconShieldCheck size={18} aria-hidden />
      <span className={styles.name}>{shortName(nodes[item]?.statement.iss ?? '')}</span>
      <span className={styles.role}>{roleOf(view, item)}</span>
    </>
  );
}

function roleOf(view: VerifiedView, place: number): string {
  if (rolesOf(view).writers.includes(place)) return 'wrote it';
  if (place === 0) return 'delivered it';
  return shortName(view.nodes[place]?.statement.iss ?? '') === 'researcher'
    ? 'researched'
    : 'passed it on';
}
