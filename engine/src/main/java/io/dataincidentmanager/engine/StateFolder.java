package io.dataincidentmanager.engine;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;

/**
 * The folder that outlives the process: {@code database/}, {@code storage/}, {@code tmp/}, the key that encrypts
 * secret inputs, and the Kestra line that wrote it. One engine holds it at a time, by a lock that ends with the process;
 * workers of that engine join it.
 */
final class StateFolder {
    /** The folder can't be used; the message says why and what to do. */
    static final class Unusable extends Exception {
        Unusable(String message) {
            super(message);
        }
    }

    private static final String LINE = "kestra-line";
    private static final String PLACE = "server.properties";
    private static final Duration LEFT_BEHIND_AFTER = Duration.ofHours(1);

    private final Path path;
    private final String encryptionKey;
    /** Held, never released: the operating system does that when the process ends, however it ends. A worker has none. */
    private final FileLock lock;

    private StateFolder(Path path, String encryptionKey, FileLock lock) {
        this.path = path;
        this.encryptionKey = encryptionKey;
        this.lock = lock;
    }

    Path path() {
        return path;
    }

    String encryptionKey() {
        return encryptionKey;
    }

    /** For a worker: the folder of an engine that holds it. */
    static StateFolder join(Path path, String kestraVersion) throws Unusable {
        try {
            checkLine(path, kestraVersion);
            return new StateFolder(path, Files.readString(path.resolve("encryption.key")).strip(), null);
        } catch (IOException e) {
            throw new Unusable("no engine holds the state folder " + path + ": start it first, with ENGINE_ROLE=server (" + e + ")");
        }
    }

    /** How workers reach the engine that holds this folder. */
    void writePlace(Properties place) throws IOException {
        Path partial = path.resolve(PLACE + ".part");
        try (Writer file = Files.newBufferedWriter(partial)) {
            Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rw-------"));
            place.store(file, null);
        }
        Files.move(partial, path.resolve(PLACE), StandardCopyOption.REPLACE_EXISTING);
    }

    Properties readPlace() throws Unusable {
        Properties place = new Properties();
        try (Reader file = Files.newBufferedReader(path.resolve(PLACE))) {
            place.load(file);
            return place;
        } catch (IOException e) {
            throw new Unusable("the engine that holds the state folder " + path + " lets no worker join: start it with ENGINE_ROLE=server");
        }
    }

    static StateFolder open(Path path, String kestraVersion) throws Unusable {
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(path.getParent());
                Files.createDirectory(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            FileLock lock = lock(path.resolve("engine.lock"));
            if (lock == null) {
                throw new Unusable("the state folder " + path + " is in use by another engine: stop that one, or set ENGINE_STATE to another folder");
            }
            readOrWrite(path.resolve(LINE), lineOf(kestraVersion));
            checkLine(path, kestraVersion);
            Files.deleteIfExists(path.resolve(PLACE));
            for (String folder : new String[] {"database", "storage", "tmp"}) {
                Files.createDirectories(path.resolve(folder));
            }
            clear(path.resolve("tmp"));
            return new StateFolder(path, readOrWrite(path.resolve("encryption.key"), randomKey()), lock);
        } catch (IOException | UnsupportedOperationException e) {
            throw new Unusable("the state folder " + path + " can't be used: " + e);
        }
    }

    private static void checkLine(Path path, String kestraVersion) throws Unusable, IOException {
        String written = Files.readString(path.resolve(LINE)).strip();
        String line = lineOf(kestraVersion);
        if (!written.equals(line)) {
            throw new Unusable("the state folder " + path + " was written by Kestra " + written + " and this is " + line
                + ": set ENGINE_STATE to another folder, or remove this one");
        }
    }

    private static String lineOf(String kestraVersion) {
        return kestraVersion.replaceAll("^(\\d+\\.\\d+).*", "$1");
    }

    private static FileLock lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /** Removes the working folders that tasks of a killed engine left; a young one may belong to a task that still runs. */
    private static void clear(Path folder) throws IOException {
        Instant limit = Instant.now().minus(LEFT_BEHIND_AFTER);
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                if (Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS).toInstant().isBefore(limit)) {
                    FileUtils.forceDelete(entry.toFile());
                }
            }
        }
    }

    private static String readOrWrite(Path file, String fresh) throws IOException {
        if (!Files.exists(file)) {
            Path partial = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(partial, fresh);
            Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rw-------"));
            Files.move(partial, file);
        }
        return Files.readString(file).strip();
    }

    static String randomKey() {
        byte[] bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
