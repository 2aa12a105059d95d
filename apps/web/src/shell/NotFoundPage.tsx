import { Link } from 'wouter';
import { Page } from './Page.js';

export function NotFoundPage() {
  return (
    <Page title="No such page" lead="The address leads nowhere in this mesh.">
      <Link href="/">Go to the start</Link>
    </Page>
  );
}
