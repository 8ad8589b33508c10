package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/** Runs mqadmin's own entry and keeps what it prints. */
final class AdminTools {
    private AdminTools() {
    }

    /** `{"arguments": ["topicList", "-n", …]}`. One at a time: what it prints is the whole process's output. */
    static synchronized Object run(JSONObject request) {
        PrintStream output = System.out;
        PrintStream errors = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream complaints = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(complaints, true, StandardCharsets.UTF_8));
        try {
            MQAdminStartup.main0(request.getList("arguments", String.class).toArray(new String[0]), null);
        } finally {
            System.setOut(output);
            System.setErr(errors);
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("stdout", printed.toString(StandardCharsets.UTF_8));
        result.put("stderr", complaints.toString(StandardCharsets.UTF_8));
        return result;
    }
}
