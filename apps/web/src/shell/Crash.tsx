import { Component, type ReactNode } from 'react';
import { Page } from './Page.js';
import { Notice } from './Notice.js';

/** A fault of this page's own, rather than an empty window. */
export class Crash extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    if (!this.state.crashed) return this.props.children;
    return (
      <Page title="This page failed">
        <Notice tone="refused" title="Something in this page broke" role="alert">
          Nothing was sent. <a href={location.pathname}>Load the page again</a>; your question is
          kept in this tab.
        </Notice>
      </Page>
    );
  }
}
