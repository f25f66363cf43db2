package io.dataincidentmanager.engine.api;

/** The open-source Kestra has one tenant, and its API paths carry it. */
final class Tenant {
    static final String MAIN = "main";
    static final String API = "/api/v1/" + MAIN;

    private Tenant() {
    }
}
