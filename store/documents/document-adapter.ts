/** The part that both adapters share: moleculer-db's adapter interface, by means of the few methods that differ. */
import type { Service, ServiceBroker } from "moleculer";
import { type Document, type Find, idQuery, type Query, type Update } from "./documents.ts";

/** A collection with moleculer-db's adapter interface. */
export abstract class DocumentAdapter<Of extends Document = Document> {
  init(_broker: ServiceBroker, _service: Service): void {}

  abstract connect(): Promise<void>;
  abstract disconnect(): Promise<void>;
  abstract find(find?: Find<Of>): Promise<Of[]>;
  /** Moleculer-db passes the query inside its filters. */
  abstract count(filters?: { query?: Query<Of> }): Promise<number>;
  abstract insert(document: Of): Promise<Of>;
  abstract insertMany(documents: Of[]): Promise<Of[]>;
  abstract updateMany(query: Query<Of>, update: Update<Of>): Promise<number>;
  abstract removeMany(query: Query<Of>): Promise<number>;
  abstract removeById(id: string): Promise<Of | null>;

  async findOne(query: Query<Of>): Promise<Of | null> {
    const [found] = await this.find({ query, limit: 1 });
    return found ?? null;
  }

  async findById(id: string): Promise<Of | null> {
    return this.findOne(idQuery(id));
  }

  findByIds(ids: string[]): Promise<Of[]> {
    return this.find({ query: { _id: { $in: ids } } as Query<Of>, limit: ids.length });
  }

  async updateById(id: string, update: Update<Of>): Promise<Of | null> {
    await this.updateMany(idQuery(id), update);
    return this.findById(id);
  }

  clear(): Promise<number> {
    return this.removeMany({});
  }

  entityToObject(document: Of): Of {
    return document;
  }

  beforeSaveTransformID(document: Of, idField: string): Of {
    return idField === "_id" ? document : ({ ...document, _id: (document as Record<string, unknown>)[idField] } as Of);
  }

  afterRetrieveTransformID(document: Of, idField: string): Of {
    return idField === "_id" ? document : ({ ...document, [idField]: document._id } as Of);
  }
}
