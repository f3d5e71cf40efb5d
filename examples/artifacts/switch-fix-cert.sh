#!/bin/sh
# 切换 FIX 会话的 TLS 证书：switch-fix-cert.sh 2035q2（回滚：2035q1）
# 检查不通过即退出，current 保持不变；重载是否生效须另看 stunnel 日志。
set -eu
ver=$1
base=/etc/fix-tls
crt=$base/$ver/client.crt
key=$base/$ver/client.key
manifest=$(dirname "$0")/fix-cert-manifest.txt
fail() { echo "失败：$1，未切换" >&2; exit 1; }

a=$(openssl x509 -in "$crt" -noout -pubkey)
b=$(openssl pkey -in "$key" -pubout)
[ "$a" = "$b" ] || fail "证书与私钥不配对"

fp=$(openssl x509 -in "$crt" -noout -fingerprint -sha256 | cut -d= -f2)
grep -q "^$(hostname -s) $ver $fp " "$manifest" || fail "指纹不在清单中"
openssl x509 -in "$crt" -noout -checkend 86400 >/dev/null || fail "证书 24 小时内到期"
runuser -u stunnel -- test -r "$key" || fail "stunnel 用户读不到私钥"

ln -sfn "$ver" "$base/current.new"
mv -T "$base/current.new" "$base/current"
systemctl reload stunnel@fix-exch
echo "$(hostname -s) 已切换到 $ver，指纹 $fp"
