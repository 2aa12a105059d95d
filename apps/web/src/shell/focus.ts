import { createContext, type RefObject } from 'react';

/**
 * Whether the next view takes the focus to its heading: without a page load nobody else tells a screen reader that the
 * view changed.
 */
export const FocusContext = createContext<RefObject<boolean>>({ current: false });
