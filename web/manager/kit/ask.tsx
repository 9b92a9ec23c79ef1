// One dialog for everything that is asked before something is done: what it will do, the fields, and the refusal when there is one.
import { Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react';
import { client } from './api';
import { focusIfLost, opener } from './focus';
import { Fields, Form, startOf, type Field, type Values } from './form';
import { ProblemCard } from './states';

export type Question = {
  title: string;
  text?: ReactNode;
  fields?: Field[];
  button: string;
  danger?: boolean;
  size?: string;
  /** What is said when it is done. */
  done?: string;
  run: (values: Values) => Promise<unknown>;
};

const Context = createContext<(question: Question) => void>(() => undefined);
export const useAsk = () => useContext(Context);

const closeButtonProps = { 'aria-label': 'Close the note' };

export function tell(text: string, color = 'green') {
  notifications.show({ message: text, color, autoClose: 5000, withBorder: true, closeButtonProps });
}

/** A refusal, with its id, text and remedy. It stays until somebody closes it. */
export function complain(error: unknown) {
  notifications.show({ message: <ProblemCard error={error} />, color: 'red', autoClose: false, withBorder: true, closeButtonProps });
}

/** Does what no dialog asks for; a refusal is told. Whether it was done. */
export async function carry(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

function Dialog({ question, close }: { question: Question; close: () => void }) {
  const [values, setValues] = useState<Values>(() => startOf(question.fields));
  const run = async () => {
    await question.run(values);
    close();
    if (question.done) tell(question.done);
    await client.invalidateQueries();
    // What the dialog was opened from may be gone with what it has done.
    setTimeout(focusIfLost);
  };
  return (
    <Form run={run} button={question.button} danger={question.danger} cancel={close}>
      {question.text && (
        <Text component="div" size="sm">
          {question.text}
        </Text>
      )}
      <Fields fields={question.fields ?? []} values={values} change={setValues} />
    </Form>
  );
}

export function AskProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question>();
  const [opened, setOpened] = useState(false);
  const from = useRef<HTMLElement | null>(null);
  const ask = useCallback((one: Question) => {
    from.current = opener();
    setQuestion(one);
    setOpened(true);
  }, []);
  const close = () => setOpened(false);
  const goBack = () => {
    from.current?.focus({ preventScroll: true });
    focusIfLost();
  };
  return (
    <Context.Provider value={ask}>
      {children}
      {/* Without scroll lock: it would put a style element into the page, which the policy forbids. */}
      <Modal opened={opened} onClose={close} title={question?.title} size={question?.size ?? 'md'} lockScroll={false} returnFocus={false} onExitTransitionEnd={goBack} closeButtonProps={{ 'aria-label': 'Close' }}>
        {question && <Dialog question={question} close={close} />}
      </Modal>
    </Context.Provider>
  );
}
