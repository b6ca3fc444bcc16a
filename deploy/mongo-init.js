// Runs beside mongo-1, in its network, at each `docker compose up`: makes the replica set, and a user for each service, which reads and writes
// its own database only. The first user of all is the operator's, which MongoDB lets a program of its own machine make as long as there is none.
// Passwords are those of /users.json (npm run mesh-keys -- compose): changed ones hold after the next run.
/* global db, rs, sleep, quit, print, require */
const { openward: operatorPassword, ...services } = JSON.parse(require("node:fs").readFileSync("/users.json", "utf8"));
const admin = db.getSiblingDB("admin");
const operator = { user: "openward", pwd: operatorPassword };

function signIn() {
  try {
    return Boolean(admin.auth(operator.user, operator.pwd).ok);
  } catch {
    return false; // no such user yet
  }
}

if (!signIn()) {
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
  admin.createUser({ ...operator, roles: ["userAdminAnyDatabase", "readWriteAnyDatabase", "clusterMonitor", "backup", "restore"] });
  if (!signIn()) {
    print("The operator's user cannot sign in.");
    quit(1);
  }
}
while (!db.hello().isWritablePrimary) sleep(200);
for (const [user, pwd] of Object.entries(services)) {
  // One database a service, each named openward_SERVICE.
  const roles = [{ role: "readWrite", db: `openward_${user}` }];
  if (admin.getUser(user)) admin.updateUser(user, { pwd, roles });
  else admin.createUser({ user, pwd, roles });
}
print("The replica set is ready.");
