package com.gongqiao;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/** Tests of the hand-written parts. A program, so that it needs no test framework. */
final class PartsTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private final Queue<Integer> statuses = new ArrayDeque<>();
  private final List<String> keys = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();

  public static void main(String[] arguments) throws Exception {
    vectorsOfOpenssl();
    bodyAndQueryAreSigned();
    new PartsTest().retriesHaveOneKeyAndWaitForRetryAfter();
    listEndsWithItsNextCursor();
    System.out.println("4 passed");
  }

  /** {@code printf %s TEXT | openssl dgst -sha256 -hmac SK_TEST}; the first is also in docs/design/hris.md. */
  private static void vectorsOfOpenssl() {
    expect("9649dbf0caf21d9ba7ef9334083dea17ddc32cdd924defd05a4237651fa2b8c6",
        HrSignature.sign("SK_TEST", "GET", "/api/v2/employees", "AK_TEST", "1500000000", "{\"token\":\"c1\"}"));
  }

  private static void bodyAndQueryAreSigned() {
    Clock clock = Clock.fixed(Instant.ofEpochMilli(1500000000250L), ZoneOffset.UTC);
    HrSignature signature = new HrSignature("AK_TEST", "SK_TEST", clock);
    HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString("{\"subject_name\":\"绩效\"}");
    HttpRequest write = HttpRequest.newBuilder(URI.create("https://api.test/api/v2/salary/subject_values")).POST(body).build();
    expect("access_key=AK_TEST&tonce=1500000000.250000&signature=c3f027f9b5d8c001928fa9f736b1b116a143c4539d58410d54f7ec2334a3911a",
        signature.authenticate(write, CLIENT).uri().getRawQuery());
    HttpRequest read = HttpRequest.newBuilder(URI.create("https://api.test/api/v2/employees?payload=%7B%22name%22%3A%22a%2B+b%22%7D")).build();
    String expected = HrSignature.sign("SK_TEST", "GET/api/v2/employeesAK_TEST1500000000.250000{\"name\":\"a+ b\"}");
    expect(true, signature.authenticate(read, CLIENT).uri().getRawQuery().endsWith("&signature=" + expected));
  }

  private void retriesHaveOneKeyAndWaitForRetryAfter() throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
      exchange.getResponseHeaders().add("Retry-After", "7");
      exchange.sendResponseHeaders(statuses.remove(), -1);
      exchange.close();
    });
    server.start();
    URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/job/create");
    expect(200, status(uri, 429, 503, 200));
    expect(List.of(Duration.ofSeconds(7), Duration.ofSeconds(7)), pauses);
    expect(1L, keys.stream().distinct().count());
    expect(503, status(uri, 503, 503, 503, 503));
    server.stop(0);
  }

  private int status(URI uri, Integer... answers) throws IOException, InterruptedException {
    statuses.addAll(List.of(answers));
    HttpRequest request = HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString("{}")).build();
    return new Retries(true, pauses::add).send(CLIENT, request, HttpResponse.BodyHandlers.ofString()).statusCode();
  }

  private static void listEndsWithItsNextCursor() {
    Map<String, List<Integer>> pages = Map.of("", List.of(1, 2), "a", List.of(), "b", List.of(3));
    Map<String, String> next = Map.of("", "a", "a", "b");
    List<Integer> found = new ArrayList<>();
    Records.of((String cursor) -> cursor == null ? "" : cursor, pages::get, next::get).forEach(found::add);
    expect(List.of(1, 2, 3), found);
  }

  private static void expect(Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw new AssertionError("expected " + expected + ", got " + actual);
    }
  }
}
