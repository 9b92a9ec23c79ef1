// What fails while a page is loaded or drawn costs that page, not the frame around it.
import { Alert, Button, Text } from '@mantine/core';
import { CircleAlert, RefreshCw } from 'lucide-react';
import { Component, lazy, type ComponentType, type ReactNode } from 'react';

/** A file of the interface did not come: the connection broke, or the manager was upgraded and has other files now. */
class PartMissing extends Error {}

/** A part of the interface that is loaded when it is shown for the first time. */
export const part = <P extends object>(load: () => Promise<{ default: ComponentType<P> }>) =>
  lazy(() =>
    load().catch((error: unknown) => {
      throw new PartMissing(String(error));
    }),
  );

type Props = { children: ReactNode; /** Another place is another attempt. */ place?: string };
type State = { error?: unknown; place?: string };

export class Boundary extends Component<Props, State> {
  state: State = { place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error ?? new Error('unknown') };
  }

  static getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.place === state.place ? null : { error: undefined, place: props.place };
  }

  render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    const missing = error instanceof PartMissing;
    return (
      <Alert role="alert" color="red" variant="light" className="broken" icon={<CircleAlert size={20} />} title={missing ? 'A part of the interface did not load' : 'The page could not be drawn'}>
        <Text size="sm">
          {missing
            ? 'The connection to the manager broke, or the manager was upgraded since this page was loaded and has other files now. Nothing was changed in the estate.'
            : 'This is an error of the interface, not of the estate. When it comes again, report it with these words:'}
        </Text>
        {!missing && <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>}
        <Button mt="sm" size="xs" variant="default" leftSection={<RefreshCw size={14} />} onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Alert>
    );
  }
}
