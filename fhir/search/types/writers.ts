/** Selects the writer of index rows by the type of the search parameter and the data type of the element. */
import { date, instant, period, timing } from "./date.ts";
import { coordinate } from "./near.ts";
import { number } from "./number.ts";
import { money, quantity, range, sampledData } from "./quantity.ts";
import { reference, references } from "./reference.ts";
import { string, strings } from "./string.ts";
import { code, tokens } from "./token.ts";
import { canonical, uri } from "./uri.ts";
import type { RowWriter } from "./writer.ts";

const byType: Record<string, Record<string, RowWriter>> = {
  token: tokens,
  string: strings,
  reference: references,
  uri: { canonical },
  date: { instant, Period: period, Timing: timing },
  number: { Range: range },
  quantity: { Range: range, SampledData: sampledData, Money: money },
  latitude: { BackboneElement: coordinate("latitude") },
  longitude: { BackboneElement: coordinate("longitude") },
};

const otherwise: Record<string, RowWriter> = { token: code, string, uri, date, number, quantity, reference };

/** The writer for a data type in a search parameter of a type. */
export function writerOf(searchType: string, dataType: string): RowWriter {
  const writer = byType[searchType]?.[dataType] ?? otherwise[searchType];
  if (!writer) throw new Error(`No rows are known for ${searchType} of ${dataType}`);
  return writer;
}
