package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.http.HttpError;
import io.micronaut.http.MediaType;
import io.micronaut.http.multipart.CompletedFileUpload;
import io.micronaut.http.multipart.CompletedPart;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@code multipart/form-data} body as the parts that Kestra's own input reader takes. One part is one input; a part
 * with a file name is a FILE input.
 */
final class Multipart {
    private static final Pattern BOUNDARY = Pattern.compile("(?i)boundary=\"?([^\";]+)");
    private static final Pattern NAME = Pattern.compile("(?i)(?<![a-z])name=\"([^\"]*)\"");
    private static final Pattern FILE_NAME = Pattern.compile("(?i)filename=\"([^\"]*)\"");
    private static final Pattern TYPE = Pattern.compile("(?im)^content-type:\\s*([^;\\r\\n]+)");

    private Multipart() {
    }

    static List<CompletedPart> parse(byte[] body, String contentType) {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!contentType.toLowerCase().startsWith("multipart/form-data") || !boundary.find()) {
            throw new HttpError(415, "Inputs are sent as multipart/form-data, one part an input");
        }
        // One byte is one character in this charset, so positions in the text are positions in the body.
        String text = new String(body, StandardCharsets.ISO_8859_1);
        String delimiter = "--" + boundary.group(1).strip();
        List<CompletedPart> parts = new ArrayList<>();
        int start = text.indexOf(delimiter);
        while (start >= 0 && !text.startsWith("--", start + delimiter.length())) {
            int end = text.indexOf("\r\n" + delimiter, start + delimiter.length());
            int blank = text.indexOf("\r\n\r\n", start);
            if (end < 0 || blank < 0 || blank > end) {
                throw new HttpError(400, "The multipart body is not well-formed");
            }
            byte[] content = text.substring(Math.min(blank + 4, end), end).getBytes(StandardCharsets.ISO_8859_1);
            parts.add(part(utf8(text.substring(start + delimiter.length(), blank)), content));
            start = end + 2;
        }
        return parts;
    }

    private static CompletedPart part(String headers, byte[] content) {
        Matcher name = NAME.matcher(headers);
        if (!name.find()) {
            throw new HttpError(400, "A part of the multipart body has no name");
        }
        Matcher file = FILE_NAME.matcher(headers);
        Matcher type = TYPE.matcher(headers);
        Optional<MediaType> mediaType = type.find() ? Optional.of(MediaType.of(type.group(1).strip())) : Optional.empty();
        return file.find() ? new File(name.group(1), file.group(1), mediaType, content) : new Field(name.group(1), mediaType, content);
    }

    private static String utf8(String latin) {
        return new String(latin.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private record Field(String name, Optional<MediaType> type, byte[] content) implements CompletedPart {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public Optional<MediaType> getContentType() {
            return type;
        }

        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public byte[] getBytes() {
            return content;
        }

        @Override
        public ByteBuffer getByteBuffer() {
            return ByteBuffer.wrap(content);
        }
    }

    private record File(String name, String fileName, Optional<MediaType> type, byte[] content) implements CompletedFileUpload {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public String getFilename() {
            return fileName;
        }

        @Override
        public long getSize() {
            return content.length;
        }

        @Override
        public long getDefinedSize() {
            return content.length;
        }

        @Override
        public boolean isComplete() {
            return true;
        }

        @Override
        public Optional<MediaType> getContentType() {
            return type;
        }

        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public byte[] getBytes() {
            return content;
        }

        @Override
        public ByteBuffer getByteBuffer() {
            return ByteBuffer.wrap(content);
        }

        @Override
        public void discard() {
            // nothing is held
        }
    }
}
