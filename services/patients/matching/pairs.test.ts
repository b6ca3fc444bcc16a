/** Which two records are told to be of one person, however the birth date and the name were written; and which are not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameOf } from "../../../fhir/frame.ts";
import type { Patient } from "../../../fhir/r4.ts";
import type { Resource } from "../../../fhir/resource.ts";
import { indexOf } from "../../../fhir/search/extract.ts";
import { openSqlite } from "../../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../../store/store.ts";
import { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { candidatesFor } from "./find-matches.ts";
import { MATCH_WEIGHTS } from "./grade.ts";

/** Family name, given name, birth date ("" where it is not known), sex. */
type Written = [family: string, given: string, born: string, gender?: "male" | "female"];

let folder: string;
let store: Store;
let stored = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "openward-pairs-"));
  const file = join(folder, "patients.sqlite");
  store = await openSqlite({ name: "patients", indexVersion: "1", reindex: () => ({ keys: [], ranges: [] }), file });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const patientOf = ([family, given, birthDate, gender = "male"]: Written, more: Partial<Patient> = {}): Patient => ({
  resourceType: "Patient",
  name: [{ family, given: [given] }],
  ...(birthDate !== "" && { birthDate }),
  gender,
  ...more,
});

async function keep(...patients: Patient[]): Promise<string[]> {
  const all = patients.map((patient) => {
    stored += 1;
    return { ...patient, id: `kept-${stored}` };
  });
  await store.write(
    all.map((one) => {
      const resource = one as unknown as Resource;
      return { op: "create", type: "Patient", id: one.id, body: frameOf(resource as never), index: indexOf(resource) };
    }),
  );
  return all.map(({ id }) => id);
}

/** How the one is told of when the other is asked for. */
async function gradeOfPair(here: Patient, asked: Patient): Promise<string> {
  const [id] = await keep(here);
  const found = await candidatesFor(asked, { store, table: new IdentifierTable(), weights: MATCH_WEIGHTS });
  return found.find(({ patient }) => patient.id === id)?.grade ?? "not told";
}

const phone: Partial<Patient> = { telecom: [{ system: "phone", value: "0550123456" }] };

it.each<[string, Written, Written]>([
  ["1 January, and the day", ["Abbas", "Karim", "1935-01-01"], ["Abbas", "Karim", "1935-01-10"]],
  ["1 January, and the year", ["Bouzid", "Omar", "1935-01-01"], ["Bouzid", "Omar", "1935"]],
  ["1 January, and a day of the autumn", ["Cherif", "Salim", "1935-01-01"], ["Cherif", "Salim", "1935-10-01"]],
  ["1 January twice", ["Dahmani", "Rachid", "1940-01-01"], ["Dahmani", "Rachid", "1940-01-01"]],
  ["1 July, and the day", ["Esposito", "Luca", "1941-07-01"], ["Esposito", "Luca", "1941-03-22"]],
  ["1 July, and 1 January", ["Ferrari", "Marco", "1942-07-01"], ["Ferrari", "Marco", "1942-01-01"]],
  ["1 July, and a month", ["Gallo", "Paolo", "1943-07-01"], ["Gallo", "Paolo", "1943-11"]],
  ["the year, and the day", ["Haddad", "Yacine", "1944"], ["Haddad", "Yacine", "1944-05-06"]],
  ["the year, and the month", ["Ivanov", "Igor", "1945"], ["Ivanov", "Igor", "1945-09"]],
  ["the year twice", ["Jansen", "Anton", "1946"], ["Jansen", "Anton", "1946"]],
  ["the year, and the year before", ["Kacemi", "Walid", "1947"], ["Kacemi", "Walid", "1946"]],
  ["1 January, and the day in the year after", ["Larbi", "Hamid", "1948-01-01"], ["Larbi", "Hamid", "1949-04-17"]],
  ["1 January, and 1 January of the year before", ["Mansouri", "Tarek", "1949-01-01"], ["Mansouri", "Tarek", "1948-01-01"]],
  ["1 January, of a year with another last digit", ["Nasri", "Samir", "1952-01-01"], ["Nasri", "Samir", "1957-01-01"]],
  ["the 15th, and the day of that month", ["Olivieri", "Dario", "1953-04-15"], ["Olivieri", "Dario", "1953-04-02"]],
  ["the 15th, and the month", ["Petrov", "Ivan", "1954-04-15"], ["Petrov", "Ivan", "1954-04"]],
  ["the month, and the day", ["Quadri", "Bruno", "1955-04"], ["Quadri", "Bruno", "1955-04-23"]],
  ["a year, and no birth date", ["Ricci", "Carlo", "1956"], ["Ricci", "Carlo", ""]],
  ["no birth date twice", ["Sanna", "Felix", ""], ["Sanna", "Felix", ""]],
  ["day and month taken for one another", ["Taleb", "Nabil", "1958-03-04"], ["Taleb", "Nabil", "1958-04-03"]],
  ["another digit of the year", ["Urso", "Emil", "1959-03-04"], ["Urso", "Emil", "1969-03-04"]],
  ["a letter of the family name, and 1 January", ["Vitale", "Simon", "1960-01-01"], ["Vitalle", "Simon", "1960-08-09"]],
  ["a letter of the given name, and the year", ["Weber", "Robert", "1961-12-24"], ["Weber", "Rovert", "1961"]],
  ["family and given name taken for one another, and 1 July", ["Xaver", "Franz", "1962-07-01"], ["Franz", "Xaver", "1962-02-03"]],
  ["a second given name, and the year", ["Yilmaz", "Adam Karl", "1963-02-03"], ["Yilmaz", "Adam", "1963"]],
  ["two words for one, and 1 January", ["Ben Aissa", "Ali", "1964-06-07"], ["Benaissa", "Ali", "1964-01-01"]],
  ["Arabic and Latin letters, and the day", ["زروقي", "مصطفى", "1965-03-22"], ["Zerrouki", "Mustapha", "1965-03-22"]],
  ["Arabic and Latin letters, and 1 January", ["سليماني", "رشيد", "1966-01-01"], ["Slimani", "Rachid", "1966-09-12"]],
  ["Latin and Arabic letters, and 1 January twice", ["Boumediene", "Djamel", "1967-01-01"], ["بومدين", "جمال", "1967-01-01"]],
  ["another family name since, and the day", ["Zito", "Lucia", "1968-03-22", "female"], ["Conti", "Lucia", "1968-03-22", "female"]],
])("one person is told of: %s", async (_, here, asked) => {
  // Of whom the family name has changed the telephone is the same, and of who is written in two scripts and born in a year.
  const isFar = here[0] === "Zito" || (/\p{Script=Arabic}/u.test(here[0]) && here[2] === "1966-01-01");
  const more = isFar ? phone : {};
  await expect(gradeOfPair(patientOf(here, more), patientOf(asked, more))).resolves.toMatch(/^(?:certain|probable|possible)$/);
});

it.each<[string, Written, Written]>([
  ["father and son of one name", ["Amato", "Luca", "1935-03-04"], ["Amato", "Luca", "1963-05-06"]],
  ["father and son, both of 1 January", ["Bruno", "Carlo", "1935-01-01"], ["Bruno", "Carlo", "1965-01-01"]],
  ["father and son, the father of 1 January", ["Costa", "Marco", "1935-01-01"], ["Costa", "Marco", "1961-08-09"]],
  ["father and son, by their years", ["Dif", "Omar", "1935"], ["Dif", "Omar", "1961"]],
  ["twins", ["Ebner", "Emil", "1970-03-04"], ["Ebner", "Hugo", "1970-03-04"]],
  ["twin brother and sister", ["Fontana", "Luca", "1971-03-04"], ["Fontana", "Lucia", "1971-03-04", "female"]],
  ["brothers, both of 1 January", ["Gerber", "Jan", "1972-01-01"], ["Gerber", "Oscar", "1972-01-01"]],
  ["brothers, by one year", ["Huber", "Karl", "1973"], ["Huber", "Simon", "1973"]],
  ["two of one given name and 1 January", ["Imhof", "Peter", "1974-01-01"], ["Schwarz", "Peter", "1974-01-01"]],
  ["two of one given name and year", ["Janssen", "Victor", "1975"], ["Moretti", "Victor", "1975-05-06"]],
  ["two of one name and other years", ["Keller", "Martin", "1976-01-01"], ["Keller", "Martin", "1979-02-03"]],
  ["two of one name and years three apart", ["Lang", "Daniel", "1977"], ["Lang", "Daniel", "1980"]],
  ["husband and wife of one year", ["Mori", "Andrea", "1978"], ["Mori", "Bianca", "1978", "female"]],
  ["two of one 15th", ["Nardi", "Hugo", "1979-04-15"], ["Weiss", "Thomas", "1979-04-15"]],
  ["two of one name and other months of one year", ["Orsi", "Nico", "1980-04-15"], ["Orsi", "Nico", "1980-09-20"]],
])("two people are not told of as one: %s", async (_, here, asked) => {
  await expect(gradeOfPair(patientOf(here), patientOf(asked))).resolves.toMatch(/^(?:possible|not told)$/);
});

it("father and son of one name and address, both born on 1 January, are for people to review", async () => {
  const [father, son] = [patientOf(["Pace", "Aldo", "1935-01-01"], phone), patientOf(["Pace", "Aldo", "1965-01-01"], phone)];
  await expect(gradeOfPair(father, son)).resolves.toBe("possible");
});

it("one person is found among many of that name, by the presumed year", async () => {
  await keep(...Array.from({ length: 150 }, (_, n) => patientOf(["Benali", "Mohamed", `${1950 + (n % 50)}-03-${10 + (n % 19)}`])));
  for (const [here, asked] of [
    ["1935-01-01", "1935-01-10"],
    ["1936-10-01", "1936-01-01"],
    ["1937", "1937-05-06"],
    ["1938-05-06", "1938"],
  ] as const) {
    const pair = [patientOf(["Benali", "Mohamed", here]), patientOf(["Benali", "Mohamed", asked])] as const;
    await expect(gradeOfPair(...pair)).resolves.toMatch(/^(?:probable|possible)$/);
  }
});
