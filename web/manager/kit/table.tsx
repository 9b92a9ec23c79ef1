// A list of the API as a table: pages are fetched as one scrolls, only the rows that are seen exist, columns can be chosen, and all of
// it can be saved as CSV. Narrow screens show each row as a card.
import { ActionIcon, Checkbox, Loader, Menu, Text, Tooltip } from '@mantine/core';
import { getCoreRowModel, useReactTable, type ColumnDef, type RowSelectionState, type VisibilityState } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, Check, Columns3, Download } from 'lucide-react';
import { forwardRef, useEffect, useMemo, useRef, useState, type ComponentPropsWithoutRef, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { call, usePages, type Input, type Operation } from './api';
import { carry } from './ask';
import { csvOf, download, textOf } from './csv';
import { useMay } from './session';
import { Denied, Empty, Old, ProblemCard, retryFailed, Waiting } from './states';

export type Column<T> = {
  id: string;
  title: string;
  cell: (row: T) => ReactNode;
  csv?: (row: T) => unknown;
  /** Of the grid: "8rem", "minmax(10rem, 2fr)". */
  width?: string;
  /** The name by which the manager sorts. */
  sort?: string;
  hidden?: boolean;
};

type Read = Extract<Operation, `GET ${string}`>;
type Props<T> = {
  operation: Read;
  /** For paths with fields, and for the query. */
  query?: Record<string, unknown>;
  params?: Record<string, string | number>;
  rows: (page: any) => T[];
  columns: Column<T>[];
  id: (row: T) => string | number;
  href?: (row: T) => string;
  /** What a row is called where it is selected. */
  nameOf?: (row: T) => string;
  name: string;
  cursor?: 'after' | 'before' | null;
  pageSize?: number;
  /** For lists that do not say where the next page begins. */
  nextOf?: (page: any) => string | number | null | undefined;
  sort?: string;
  onSort?: (sort: string) => void;
  selection?: RowSelectionState;
  onSelect?: (selection: RowSelectionState) => void;
  empty?: ReactNode;
  tools?: ReactNode;
  full?: boolean;
  visible?: string[];
  onVisible?: (columns: string[]) => void;
  onExport?: () => void;
  draggable?: (row: T) => string;
};

const rowHeight = 45;

/** An item of a menu that is on or off. */
const Ticked = forwardRef<HTMLButtonElement, ComponentPropsWithoutRef<'button'>>((props, ref) => <button {...props} ref={ref} type="button" role="menuitemcheckbox" />);

export function List<T>(props: Props<T>) {
  const { operation, query = {}, rows: rowsOf, columns, cursor = 'after', pageSize = 100, onSelect } = props;
  const may = useMay();
  const allowed = may(operation);
  const pages = usePages(operation, query, cursor, pageSize, allowed, props.params, props.nextOf);
  const data = useMemo(() => (pages.data?.pages ?? []).flatMap((page) => rowsOf(page)), [pages.data]); // eslint-disable-line
  const [own, setOwn] = useState<VisibilityState>(() => Object.fromEntries(columns.filter((one) => one.hidden).map((one) => [one.id, false])));
  const visibility = props.visible ? Object.fromEntries(columns.map((one) => [one.id, props.visible!.includes(one.id)])) : own;
  const [, go] = useLocation();

  const definitions = useMemo<ColumnDef<T>[]>(() => columns.map((one) => ({ id: one.id, header: one.title, cell: ({ row }) => one.cell(row.original) })), [columns]);
  const table = useReactTable({
    data,
    columns: definitions,
    getCoreRowModel: getCoreRowModel(),
    getRowId: (row) => String(props.id(row)),
    state: { columnVisibility: visibility, rowSelection: props.selection ?? {} },
    onRowSelectionChange: (change) => onSelect?.(typeof change === 'function' ? change(props.selection ?? {}) : change),
    manualSorting: true,
  });
  const shown = columns.filter((one) => visibility[one.id] !== false);
  // Head and rows are as wide as the columns need at least, so that they stay below each other when the list is scrolled sideways.
  const narrowest = shown.reduce((sum, one) => sum + Number(/([\d.]+)rem/.exec(one.width ?? '7rem')?.[1] ?? 7) + 0.9, onSelect ? 5.3 : 2.9);
  const template = `${onSelect ? '2.4rem ' : ''}${shown.map((one) => one.width ?? 'minmax(7rem, 1fr)').join(' ')}`;

  const scroller = useRef<HTMLDivElement>(null);
  const model = table.getRowModel().rows;
  const virtual = useVirtualizer({ count: model.length, getScrollElement: () => scroller.current, estimateSize: () => rowHeight, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError, isPlaceholderData } = pages;
  useEffect(() => {
    // What failed is asked for again when somebody wants it, or when the manager is back.
    if (last >= model.length - 30 && hasNextPage && !isFetchingNextPage && !isError && !isPlaceholderData) void fetchNextPage();
  }, [last, model.length, hasNextPage, isFetchingNextPage, isError, isPlaceholderData, fetchNextPage]);
  const asked = JSON.stringify([query, props.params]);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [asked]);

  const save = async () => {
    const all: T[] = [];
    let next: string | number | null | undefined;
    do {
      const page = (await call(operation, { params: props.params, query: { ...query, limit: 1000, ...(cursor && next ? { [cursor]: next } : {}) } } as Input<Read>)) as any;
      all.push(...rowsOf(page));
      next = props.nextOf ? props.nextOf(page) : cursor ? page.next : null;
    } while (next);
    const written = shown.filter((one) => one.csv);
    download(`${props.name}.csv`, csvOf(written.map((one) => one.title), all.map((row) => written.map((one) => one.csv!(row)))));
  };
  const choose = (id: string, on: boolean) => {
    const next = { ...visibility, [id]: on };
    if (props.onVisible) props.onVisible(columns.filter((one) => next[one.id] !== false).map((one) => one.id));
    else setOwn(next);
  };

  if (!allowed) return <Denied operation={operation} />;
  const label = props.name.replaceAll('-', ' ');
  return (
    <div className={`list ${props.full ? 'list-full' : ''}`}>
      <div className="list-tools">
        <div className="grow">{props.tools}</div>
        <Menu position="bottom-end" closeOnItemClick={false} withinPortal>
          <Menu.Target>
            <Tooltip label="Choose columns">
              <ActionIcon variant="default" size="lg" aria-label="Choose columns">
                <Columns3 size={18} />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            {columns.map((one) => (
              <Menu.Item
                key={one.id}
                component={Ticked}
                aria-checked={visibility[one.id] !== false}
                leftSection={<Check size={14} className={visibility[one.id] === false ? 'unticked' : undefined} aria-hidden />}
                onClick={() => choose(one.id, visibility[one.id] === false)}
              >
                {one.title}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Tooltip label="Save as CSV">
          <ActionIcon variant="default" size="lg" aria-label="Save as CSV" onClick={() => (props.onExport ? props.onExport() : void carry(save()))}>
            <Download size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
      {pages.error?.status === 403 ? (
        <Denied operation={operation} />
      ) : pages.error && !pages.data ? (
        <ProblemCard error={pages.error} again={retryFailed} />
      ) : pages.isPending ? (
        <Waiting lines={6} />
      ) : data.length === 0 ? (
        <>
          <Old of={pages} />
          {props.empty ?? <Empty title="There is nothing here" />}
        </>
      ) : (
        <div className={`table ${isPlaceholderData ? 'table-before' : ''}`} aria-busy={isPlaceholderData}>
          {pages.isFetchNextPageError ? <Old of={pages} again={() => void fetchNextPage()} rest /> : <Old of={pages} />}
          <div className="table-scroll" ref={scroller} tabIndex={0} role="group" aria-label={`Rows of ${label}`}>
            <div role="table" aria-label={label} aria-rowcount={hasNextPage ? -1 : data.length}>
            <div className="table-head" role="rowgroup" style={{ minWidth: `${narrowest}rem` }}>
              <div className="row" role="row" style={{ gridTemplateColumns: template }}>
                {onSelect && (
                  <div role="columnheader" className="tick">
                    <Checkbox
                      size="xs"
                      aria-label="Select all that are loaded"
                      checked={table.getIsAllRowsSelected()}
                      indeterminate={table.getIsSomeRowsSelected()}
                      onChange={table.getToggleAllRowsSelectedHandler()}
                    />
                  </div>
                )}
                {shown.map((one) => {
                  const sorted = one.sort && props.sort === one.sort ? 'ascending' : one.sort && props.sort === `-${one.sort}` ? 'descending' : undefined;
                  return (
                    <div key={one.id} role="columnheader" aria-sort={sorted}>
                      {one.sort && props.onSort ? (
                        <button type="button" className="sort" onClick={() => props.onSort!(sorted === 'ascending' ? `-${one.sort}` : one.sort!)}>
                          {one.title}
                          {sorted === 'ascending' && <ArrowUp size={13} aria-hidden />}
                          {sorted === 'descending' && <ArrowDown size={13} aria-hidden />}
                        </button>
                      ) : (
                        one.title
                      )}
                    </div>
                  );
                })}
              </div>
            </div>
            <div className="table-body" role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: `${narrowest}rem` }}>
              {items.map((item) => {
                const row = model[item.index];
                const href = props.href?.(row.original);
                return (
                  <div
                    key={row.id}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    role="row"
                    aria-rowindex={item.index + 1}
                    className={`row body-row ${href ? 'row-link' : ''} ${row.getIsSelected() ? 'row-selected' : ''}`}
                    style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}
                    draggable={props.draggable ? true : undefined}
                    onDragStart={props.draggable ? (event) => event.dataTransfer.setData('text/plain', props.draggable!(row.original)) : undefined}
                    onClick={(event) => {
                      if (!href || (event.target as HTMLElement).closest('a, button, input, label')) return;
                      if (window.getSelection()?.toString()) return;
                      go(href);
                    }}
                  >
                    {onSelect && (
                      <div role="cell" className="tick">
                        <Checkbox size="xs" aria-label={`Select ${props.nameOf?.(row.original) ?? `row ${item.index + 1}`}`} checked={row.getIsSelected()} onChange={row.getToggleSelectedHandler()} />
                      </div>
                    )}
                    {shown.map((one) => (
                      <div key={one.id} role="cell" data-name={one.title}>
                        {one.cell(row.original)}
                      </div>
                    ))}
                  </div>
                );
              })}
            </div>
            </div>
          </div>
          {isFetchingNextPage && (
            <div className="table-more">
              <Loader size="xs" /> <Text size="sm">More</Text>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

/** A short table of what is there already. */
export function Short({ heads, rows, label }: { heads: string[]; rows: ReactNode[][]; label: string }) {
  const table = useRef<HTMLTableElement>(null);
  const save = () => {
    const cells = [...table.current!.tBodies[0].rows].map((row) => [...row.cells].map(textOf));
    download(`${label.toLowerCase().replaceAll(' ', '-')}.csv`, csvOf(heads, cells));
  };
  return (
    <div className="short-scroll" tabIndex={0} role="group" aria-label={label}>
      <Tooltip label="Save as CSV">
        <ActionIcon className="short-save" variant="subtle" color="gray" size="sm" aria-label={`Save ${label.toLowerCase()} as CSV`} onClick={save}>
          <Download size={15} />
        </ActionIcon>
      </Tooltip>
      <table className="short" ref={table}>
        <caption className="hidden-text">{label}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((one, j) => (
                <td key={j} data-name={heads[j]}>
                  {one}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
