package io.dataincidentmanager.engine;

/** What of Kestra runs in this process. */
public enum Role {
    /** Everything. */
    ALL,
    /** Everything but the worker; says in the state folder how a worker joins. */
    SERVER,
    /** The worker of the server that holds the same state folder. */
    WORKER;

    boolean runsWorker() {
        return this != SERVER;
    }

    boolean runsServer() {
        return this != WORKER;
    }
}
