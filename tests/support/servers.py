# SPDX-License-Identifier: BSD-2-Clause
"""Other web servers than nginx, with the same face: / is served, requests() counts."""
import socket

from web import WebServer

HAPROXY = """
global
  stats socket {home}/stats mode 600
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind :::80 v4v6
  http-request return status 200 content-type text/html string "<h1>served</h1>"
"""

APACHE = """
ServerRoot {home}
ServerName weir.test
PidFile {home}/pid
Listen 80
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
DocumentRoot {home}/www
DirectoryIndex index.html
ErrorLog {home}/error.log
CustomLog {home}/access.log "%r %>s"
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
"""


class Haproxy(WebServer):
    def __init__(self, namespace):
        super().__init__("haproxy")
        self.write("haproxy.cfg", HAPROXY.format(home=self.home))
        self.start(namespace, "haproxy", "-db", "-f", f"{self.home}/haproxy.cfg")

    def requests(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{self.home}/stats")
            client.sendall(b"show stat\n")
            text = b""
            while piece := client.recv(65536):
                text += piece
        names, frontend = (line.split(",") for line in text.decode().splitlines()[:2])
        return int(frontend[names.index("hrsp_2xx")])


class Apache(WebServer):
    def __init__(self, namespace):
        super().__init__("apache")
        self.write("apache.conf", APACHE.format(home=self.home))
        self.start(namespace, "apache2", "-D", "FOREGROUND", "-f", f"{self.home}/apache.conf")
