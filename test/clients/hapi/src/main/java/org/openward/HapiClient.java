package org.openward;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.gclient.TokenClientParam;
import ca.uhn.fhir.rest.server.exceptions.ResourceGoneException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import ca.uhn.fhir.util.BundleBuilder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.hl7.fhir.instance.model.api.IIdType;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.Encounter;
import org.hl7.fhir.r4.model.Enumerations.AdministrativeGender;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Quantity;
import org.hl7.fhir.r4.model.Reference;
import org.hl7.fhir.r4.model.StringType;

/** What a Java application does with a server, by its base and an access token. One line per step; the first that fails ends it with 1. */
public final class HapiClient {
  private static final String SYSTEM = "urn:hapi";
  private final IGenericClient client;

  private HapiClient(String base, String token) {
    FhirContext context = FhirContext.forR4();
    context.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.NEVER);
    context.getRestfulClientFactory().setSocketTimeout(30_000);
    client = context.newRestfulGenericClient(base);
    client.registerInterceptor(new BearerTokenAuthInterceptor(token));
  }

  public static void main(String[] args) {
    HapiClient app = new HapiClient(args[0], args[1]);
    app.step("capabilities", app::capabilities);
    app.step("create, read, update, patch, delete", app::oneAfterTheOther);
    app.step("conditional create", app::conditionalCreate);
    app.step("conditional update and delete", app::conditionalUpdate);
    app.step("id and version after an update without content", app::minimal);
    app.step("bundle builder", app::bundleBuilder);
    app.step("links in a transaction's conditions", app::linkedConditions);
    app.step("search with pages", app::search);
    app.step("history", app::history);
    app.step("a subset is refused", app::subset);
  }

  private void step(String name, Runnable work) {
    try {
      work.run();
      System.out.println("ok " + name);
    } catch (RuntimeException | AssertionError error) {
      System.out.println("failed " + name + ": " + error);
      System.exit(1);
    }
  }

  private static void same(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) throw new AssertionError("expected " + expected + ", was " + actual);
  }

  private static Patient patient(String family) {
    Patient patient = new Patient();
    patient.addName().setFamily(family).addGiven("Ada");
    patient.addIdentifier().setSystem(SYSTEM).setValue(family);
    patient.setGender(AdministrativeGender.FEMALE);
    return patient;
  }

  private void capabilities() {
    CapabilityStatement found = client.capabilities().ofType(CapabilityStatement.class).execute();
    same("4.0.1", found.getFhirVersion().toCode());
  }

  private void oneAfterTheOther() {
    MethodOutcome made = client.create().resource(patient("Jávás")).execute();
    same(true, made.getCreated());
    IIdType id = made.getId();
    same("1", id.getVersionIdPart());
    Patient read = client.read().resource(Patient.class).withId(id.getIdPart()).execute();
    same("Jávás", read.getNameFirstRep().getFamily());
    read.setGender(AdministrativeGender.OTHER);
    MethodOutcome updated = client.update().resource(read).execute();
    same("2", updated.getId().getVersionIdPart());
    Parameters patch = new Parameters();
    Parameters.ParametersParameterComponent operation = patch.addParameter().setName("operation");
    operation.addPart().setName("type").setValue(new CodeType("replace"));
    operation.addPart().setName("path").setValue(new StringType("Patient.gender"));
    operation.addPart().setName("value").setValue(new CodeType("unknown"));
    MethodOutcome patched = client.patch().withFhirPatch(patch).withId(id.toUnqualifiedVersionless()).execute();
    same(id.getIdPart(), patched.getId().getIdPart());
    String json = "[{\"op\":\"replace\",\"path\":\"/gender\",\"value\":\"male\"}]";
    client.patch().withBody(json).withId(id.toUnqualifiedVersionless()).execute();
    same("4", client.read().resource(Patient.class).withId(id.getIdPart()).execute().getIdElement().getVersionIdPart());
    client.delete().resourceById(new IdType("Patient", id.getIdPart())).execute();
    try {
      client.read().resource(Patient.class).withId(id.getIdPart()).execute();
      throw new AssertionError("it is still there");
    } catch (ResourceGoneException expected) {
      // as it should be
    }
  }

  private void conditionalCreate() {
    Set<String> ids = new HashSet<>();
    for (int run = 0; run < 3; run += 1) {
      ids.add(client.create().resource(patient("Ünique")).conditional().where(Patient.IDENTIFIER.exactly().systemAndCode(SYSTEM, "Ünique")).execute().getId().getIdPart());
      ids.add(client.create().resource(patient("Ünique")).conditionalByUrl("Patient?identifier=" + SYSTEM + "%7C%C3%9Cnique").execute().getId().getIdPart());
    }
    same(1, ids.size());
  }

  private void conditionalUpdate() {
    MethodOutcome made = client.update().resource(patient("Updated")).conditional().where(Patient.IDENTIFIER.exactly().systemAndCode(SYSTEM, "Updated")).execute();
    MethodOutcome again = client.update().resource(patient("Updated")).conditional().where(Patient.IDENTIFIER.exactly().systemAndCode(SYSTEM, "Updated")).execute();
    same(made.getId().getIdPart(), again.getId().getIdPart());
    client.delete().resourceConditionalByType(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode(SYSTEM, "Updated")).execute();
    same(0, count("Updated"));
  }

  private void minimal() {
    Patient known = (Patient) client.create().resource(patient("Minimal")).execute().getResource();
    known.setGender(AdministrativeGender.OTHER);
    MethodOutcome updated = client.update().resource(known).prefer(PreferReturnEnum.MINIMAL).execute();
    same(known.getIdElement().getIdPart(), updated.getId().getIdPart());
    same("2", updated.getId().getVersionIdPart());
  }

  private void bundleBuilder() {
    for (int run = 0; run < 2; run += 1) {
      BundleBuilder builder = new BundleBuilder(client.getFhirContext());
      builder.addTransactionCreateEntry(patient("Built")).conditional("Patient?identifier=" + SYSTEM + "|Built");
      builder.addTransactionUpdateEntry(patient("Built too")).conditional("Patient?identifier=" + SYSTEM + "|Built%20too");
      Bundle answer = (Bundle) client.transaction().withBundle(builder.getBundle()).execute();
      for (Bundle.BundleEntryComponent entry : answer.getEntry()) same(run == 0 ? "201" : "200", entry.getResponse().getStatus().substring(0, 3));
    }
    same(1, count("Built"));
  }

  private void linkedConditions() {
    Set<String> places = new HashSet<>();
    for (int run = 0; run < 2; run += 1) {
      BundleBuilder builder = new BundleBuilder(client.getFhirContext());
      Patient patient = patient("Linked");
      patient.setId(IdType.newRandomUuid());
      Encounter encounter = new Encounter();
      encounter.setStatus(Encounter.EncounterStatus.FINISHED).getClass_().setCode("AMB");
      encounter.setSubject(new Reference(patient.getId()));
      builder.addTransactionCreateEntry(encounter).conditional("Encounter?subject=" + patient.getId());
      builder.addTransactionCreateEntry(patient).conditional("Patient?identifier=" + SYSTEM + "|Linked");
      Bundle answer = (Bundle) client.transaction().withBundle(builder.getBundle()).execute();
      for (Bundle.BundleEntryComponent entry : answer.getEntry()) places.add(new IdType(entry.getResponse().getLocation()).toUnqualifiedVersionless().getValue());
    }
    same(2, places.size());
  }

  private void search() {
    for (int index = 0; index < 5; index += 1) client.create().resource(patient("Paged")).execute();
    List<String> ids = new ArrayList<>();
    Bundle page = client.search().forResource(Patient.class).where(Patient.FAMILY.matches().value("Paged")).count(2).returnBundle(Bundle.class).execute();
    int pages = 1;
    for (; ; pages += 1) {
      for (Bundle.BundleEntryComponent entry : page.getEntry()) ids.add(entry.getResource().getIdElement().getIdPart());
      if (page.getLink(Bundle.LINK_NEXT) == null) break;
      page = client.loadPage().next(page).execute();
    }
    same(3, pages);
    same(5, new HashSet<>(ids).size());
    same(5, ids.size());
    Bundle posted = client.search().forResource(Patient.class).where(new TokenClientParam("identifier").exactly().systemAndCode(SYSTEM, "Paged")).usingStyle(ca.uhn.fhir.rest.api.SearchStyleEnum.POST).returnBundle(Bundle.class).execute();
    same(5, posted.getTotal());
    Observation measured = new Observation();
    measured.setStatus(Observation.ObservationStatus.FINAL).getCode().addCoding().setSystem(SYSTEM).setCode("measured");
    measured.setValue(new Quantity(5.4));
    client.create().resource(measured).execute();
    Bundle above = client.search().forResource(Observation.class).where(Observation.CODE.exactly().systemAndCode(SYSTEM, "measured")).and(Observation.VALUE_QUANTITY.greaterThan().number(5).andNoUnits()).returnBundle(Bundle.class).execute();
    same(1, above.getTotal());
  }

  private void history() {
    IIdType id = client.create().resource(patient("Past")).execute().getId();
    Patient changed = patient("Past");
    changed.setId(id.toUnqualifiedVersionless());
    changed.setGender(AdministrativeGender.OTHER);
    client.update().resource(changed).execute();
    Bundle found = client.history().onInstance(id.toUnqualifiedVersionless()).returnBundle(Bundle.class).execute();
    same(2, found.getEntry().size());
    Patient first = client.vread(Patient.class, id.getIdPart(), "1");
    same(AdministrativeGender.FEMALE, first.getGender());
  }

  private void subset() {
    IIdType id = client.create().resource(patient("Part")).execute().getId();
    Patient part = client.read().resource(Patient.class).withId(id.getIdPart()).elementsSubset("gender").execute();
    try {
      client.update().resource(part).execute();
      throw new AssertionError("a part was stored as the whole");
    } catch (UnprocessableEntityException expected) {
      same("Part", client.read().resource(Patient.class).withId(id.getIdPart()).execute().getNameFirstRep().getFamily());
    }
  }

  private int count(String value) {
    return client.search().forResource(Patient.class).where(Patient.IDENTIFIER.exactly().systemAndCode(SYSTEM, value)).returnBundle(Bundle.class).execute().getTotal();
  }
}
