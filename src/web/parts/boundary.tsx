import { Component, type ComponentChildren } from 'preact';
import { WORDS } from '../words/words.ts';

/** Holds one view: a server's answer of a shape that nobody expects takes down the view, not the page. */
export class Boundary extends Component<
  { readonly children: ComponentChildren },
  { failed: boolean }
> {
  override state = { failed: false };

  override componentDidCatch(): void {
    this.setState({ failed: true });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <p class="note bad" role="alert">
        {WORDS.error.wrong}
      </p>
    );
  }
}
