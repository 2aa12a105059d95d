/** The mark of the mesh: three points, each joined to the others by one. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width={30} height={30} aria-hidden focusable="false">
      <rect width="32" height="32" rx="7" fill="#0c6158" />
      <path
        d="M8 23V10l8 8 8-8v13"
        fill="none"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <g fill="#fff">
        <circle cx="8" cy="10" r="2.6" />
        <circle cx="24" cy="10" r="2.6" />
        <circle cx="16" cy="18" r="2.6" />
      </g>
    </svg>
  );
}
