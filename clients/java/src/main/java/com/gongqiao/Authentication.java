package com.gongqiao;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;

/** How an API recognizes its client. */
interface Authentication {
  /** The request as it is sent. The client sends requests that this one needs, such as one for a token. */
  HttpRequest authenticate(HttpRequest request, HttpClient client) throws IOException, InterruptedException;

  /** Called after a 401. Whether another attempt makes sense. */
  default boolean renew(HttpClient client) throws IOException, InterruptedException {
    return false;
  }

  /** A token that a login has returned, in a header. */
  static Authentication token(String header, String token) {
    return (request, client) -> HttpRequest.newBuilder(request, (name, value) -> true).setHeader(header, token).build();
  }

  /** No authentication, as for a login. */
  static Authentication none() {
    return (request, client) -> request;
  }
}
