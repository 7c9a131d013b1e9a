package com.gongqiao;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** The access token of the partner API. It is created with the first request and renewed before it expires, or after a 401. */
final class PartnerToken implements Authentication {
  /** A token is renewed this long before it expires, so that it does not expire on its way. */
  private static final Duration MARGIN = Duration.ofMinutes(1);

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String url;
  private final Map<String, String> credentials;
  private final Retries retries;
  private final Clock clock;
  private String accessToken;
  private String refreshToken;
  private Instant expires = Instant.MIN;

  PartnerToken(String baseUrl, String appkey, String secret, Retries retries, Clock clock) {
    this.url = baseUrl.replaceAll("/$", "") + "/api/v1/auth/";
    this.credentials = Map.of("appkey", appkey, "secret", secret, "grant_type", "client_credentials");
    this.retries = retries;
    this.clock = clock;
  }

  @Override
  public synchronized HttpRequest authenticate(HttpRequest request, HttpClient client) throws IOException, InterruptedException {
    if (accessToken == null || !clock.instant().isBefore(expires.minus(MARGIN))) {
      renew(client);
    }
    return HttpRequest.newBuilder(request, (name, value) -> true).setHeader("Authorization", "Bearer " + accessToken).build();
  }

  /** A refresh token is valid once. If another process has used it, the secret still creates a token. */
  @Override
  public synchronized boolean renew(HttpClient client) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = null;
    if (refreshToken != null) {
      response = post(client, "refresh", Map.of("refresh_token", refreshToken, "grant_type", "refresh_token"));
    }
    if (response == null || response.statusCode() != 200) {
      response = post(client, "token", credentials);
    }
    if (response.statusCode() != 200) {
      throw new IOException("no token: " + response.statusCode());
    }
    JsonNode token = JSON.readTree(response.body()).get("data");
    accessToken = token.get("access_token").textValue();
    refreshToken = token.get("refresh_token").textValue();
    expires = clock.instant().plusSeconds(token.get("expires_in").longValue());
    return true;
  }

  private HttpResponse<byte[]> post(HttpClient client, String path, Map<String, String> body) throws IOException, InterruptedException {
    HttpRequest.BodyPublisher json = HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body));
    HttpRequest request = HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", "application/json").POST(json).build();
    return retries.send(client, request, HttpResponse.BodyHandlers.ofByteArray());
  }
}
