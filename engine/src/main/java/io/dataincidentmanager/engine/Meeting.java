package io.dataincidentmanager.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Properties;
import org.h2.tools.Server;

/**
 * Where the processes of one engine meet: Kestra's database, and in 2.0 the controller that hands out the work.
 *
 * @param database how this process reaches the database, a JDBC URL of H2
 * @param url where the API is
 */
record Meeting(String database, int controllerPort, String url) {
    /** As each process says it for its own session. */
    private static final String SESSION = ";LOCK_TIMEOUT=30000;TIME ZONE=UTC";

    /**
     * The process that holds the database.
     *
     * <p>WRITE_DELAY=0: H2 writes a commit to its file up to 0.5 s late by default, and a killed process loses what it had
     * answered 200 for. It costs 0.6 ms a commit.
     */
    static Meeting of(StateFolder state, String url) throws IOException {
        // Where its TCP server listens, should there be one. H2 reads it once, with the first of its classes.
        System.setProperty("h2.bindAddress", "127.0.0.1");
        return new Meeting(
            "jdbc:h2:file:" + file(state) + ";WRITE_DELAY=0;DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE" + SESSION, freePort(), url);
    }

    /** Lets workers in: on this machine only, and only those that can read the state folder, where the database's name is. */
    void open(StateFolder state) throws IOException, SQLException {
        String name = StateFolder.randomKey().replaceAll("[^A-Za-z0-9]", "");
        Server server = Server.createTcpServer("-tcpPort", "0", "-tcpDaemon", "-key", name, file(state).toString()).start();
        Properties place = new Properties();
        place.setProperty("database", "jdbc:h2:tcp://127.0.0.1:" + server.getPort() + "/" + name + SESSION);
        place.setProperty("controller-port", String.valueOf(controllerPort));
        place.setProperty("url", url);
        state.writePlace(place);
    }

    /** What the server of that folder said. */
    static Meeting at(StateFolder state) throws StateFolder.Unusable {
        Properties place = state.readPlace();
        return new Meeting(
            place.getProperty("database"), Integer.parseInt(place.getProperty("controller-port")), place.getProperty("url"));
    }

    private static Path file(StateFolder state) {
        return state.path().resolve("database").resolve("kestra");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
