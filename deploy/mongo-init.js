// Runs once beside mongo-1, in its network, so that MongoDB's exception for its own machine lets it make the first user.
// A second run finds the user and changes nothing.
/* global db, rs, sleep, quit, print */
const admin = db.getSiblingDB("admin");
const user = "openward";
const pwd = process.env.MONGO_PASSWORD;

try {
  if (admin.auth(user, pwd).ok) {
    print("The replica set is there already.");
    quit(0);
  }
} catch {
  // No such user yet.
}
try {
  rs.initiate({
    _id: "openward",
    members: [
      { _id: 0, host: "mongo-1:27017", priority: 2 },
      { _id: 1, host: "mongo-2:27017" },
      { _id: 2, host: "mongo-3:27017" },
    ],
  });
} catch (error) {
  if (error.codeName !== "AlreadyInitialized") throw error;
}
while (!db.hello().isWritablePrimary) sleep(200);
// One database a service, each named openward_SERVICE.
admin.createUser({ user, pwd, roles: ["readWriteAnyDatabase"] });
print("The replica set is ready.");
